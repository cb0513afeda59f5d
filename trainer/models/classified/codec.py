"""The classified codec: gain, envelope class, and the cosine coefficients to which the class gives bits.

A patch is divided by its gain and transformed into cosine coefficients. Each of K classes is a spectral envelope: it
defines the expected size of every coefficient, its number of bits, and the word that holds them. The encoder tries the
most promising classes, also at neighbouring gains, and takes the one with the least error. Coefficients are quantised
along a trellis (trainer/models/classified/trellis.py).

Codes: the gain, the class, then words of packed symbols, the most important ones first; a prefix of them decodes.

B patches, N samples in a patch, n coefficients that may be coded, K classes, C candidates of a patch, P places of a
class (its coded coefficients in order of importance, then padding), T steps of a trellis, G codes.
"""

from typing import Any

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor, nn

from trainer.models.amplitude import LIMIT_UV
from trainer.models.classified.settings import CodecSettings
from trainer.models.classified.tables import ClassTables
from trainer.models.classified.trellis import HIGHEST_RATE, PER_SUBSET, SUBSETS, Trellis
from trainer.models.hashed_noise import hashed_signs

_OFFSETS = (-1.0, 0.0, 1.0)
"""Gains to try, in steps from the patch's own gain."""


class ClassifiedCodec(nn.Module):
    """Gain, envelope class, and cosine coefficients along a trellis.

    Its tables are fitted by `TableFitter`; training may tune scales and synthesis.

    `settings` are those of `CodecSettings`.

    Raises:
        ValueError: settings that cannot be built.
    """

    analysis: Tensor
    gains_uv: Tensor
    offsets: Tensor
    lane_numbers: Tensor
    parts: Tensor
    mixers: Tensor
    coefficient: Tensor
    middle: Tensor
    rate: Tensor
    word: Tensor
    shift: Tensor
    size: Tensor
    score: Tensor
    score_constant: Tensor
    spread: Tensor
    lost: Tensor

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        given = CodecSettings(**settings)
        self.patch_size = given.patch_size
        self.word_bits = list(given.word_bits)
        self.codebook_sizes = given.codebook_sizes
        self.prefix = True
        self.decodes = ["mse", "spectrum"]
        self.about = given.about
        self.limit_uv = LIMIT_UV
        self.n_gains, self.n_classes = 1 << given.gain_bits, 1 << given.class_bits
        self.low_uv = given.gain_range_uv[0]
        self.log_step = given.log_step
        self.steps, self.segments, self.places = given.steps, given.segments, given.places
        self.candidates, self.lanes = given.candidates, given.lanes
        self.fill = given.fill
        self.trellis = Trellis(given.states, np.zeros((SUBSETS, HIGHEST_RATE + 1, PER_SUBSET)))
        basis = torch.from_numpy(dct(np.eye(self.patch_size), norm="ortho", axis=0).astype(np.float32))
        self.register_buffer("analysis", basis[: given.coefficients].t().contiguous())
        self.synthesis = nn.Parameter(basis.clone())
        gains_uv = self.low_uv * torch.exp(self.log_step * torch.arange(self.n_gains))
        self.register_buffer("gains_uv", gains_uv)
        self.register_buffer("offsets", torch.tensor(_OFFSETS))
        self._register_tables(given.coefficients)
        self.register_buffer("lane_numbers", torch.arange(self.lanes))
        self.register_buffer("parts", torch.arange(self.segments))
        mixers = np.random.default_rng(7).integers(1 << 20, 1 << 30, len(self.codebook_sizes)) * 2 + 1
        self.register_buffer("mixers", torch.from_numpy(mixers))

    def _register_tables(self, coefficients: int) -> None:
        """Empty tables. Those that the encoder reads by lane have a row for each step; their last column is padding."""
        columns = self.n_classes * self.segments + 1
        small = torch.uint8 if coefficients <= 256 else torch.int16
        for name, shape, dtype in (
            ("coefficient", (self.steps, columns), small),
            ("rate", (self.n_classes, self.places), torch.uint8),
            ("word", (self.n_classes, self.places), torch.uint8),
            ("shift", (self.n_classes, self.places), torch.uint8),
            ("middle", (self.steps, columns), torch.int16),
            ("size", (self.n_classes,), torch.int64),
            ("score", (3, coefficients, self.n_classes), torch.float32),
            ("score_constant", (self.n_classes,), torch.float32),
            ("spread", (self.n_classes, self.patch_size), torch.float16),
            ("lost", (HIGHEST_RATE + 1,), torch.float32),
        ):
            self.register_buffer(name, torch.zeros(shape, dtype=dtype))
        self.scale = nn.Parameter(torch.ones(self.steps, columns))

    # What is fitted

    def set_tables(self, tables: ClassTables) -> None:
        """Set the fitted tables."""
        with torch.no_grad():
            for name, values in tables.arranged(self.steps).items():
                getattr(self, name).copy_(torch.from_numpy(np.ascontiguousarray(values)))
        self.trellis = Trellis(self.trellis.states, tables.levels)

    # Encoder

    def analyse(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Gain step (B,) and coefficients over the gain (B, n) of patches (B, N) uV.

        The lowest and the highest step are reached only by `search`, which tries neighbouring gains.
        """
        x_uv = torch.nan_to_num(patches).clamp(-self.limit_uv, self.limit_uv)
        rms_uv = x_uv.square().mean(1).sqrt().clamp_min(1e-6)
        gain = torch.round(torch.log(rms_uv / self.low_uv) / self.log_step).clamp(1, self.n_gains - 2).to(torch.int64)
        return gain, torch.matmul(x_uv, self.analysis) / self.gains_uv[gain].unsqueeze(1)

    def shortlist(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Classes of least expected error (B, C), their gains relative to the patch's own, and the same in steps.

        The expected error is a linear form in z^2, |z| and |z|^3; at another gain f it is that of z / f, times f^2.
        """
        size = z.abs()
        square = size * size
        factor = torch.exp(self.offsets * self.log_step).view(1, -1, 1)
        of_square = torch.matmul(square, self.score[0]).unsqueeze(1)
        of_size = torch.matmul(size, self.score[1]).unsqueeze(1)
        of_cube = torch.matmul(square * size, self.score[2]).unsqueeze(1)
        expected = (self.score_constant * factor + of_size) * factor + of_cube / factor + of_square
        best = torch.topk(expected.view(z.shape[0], -1), self.candidates, 1, False, False)[1]
        offset = torch.div(best, self.n_classes, rounding_mode="floor")
        return best - offset * self.n_classes, factor.view(-1)[offset], self.offsets[offset]

    def search(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The best class (B,), its gain step from the patch's own (B,), and its symbols, subsets and levels (B, P)."""
        rows, lanes = z.shape[0], self.lanes
        classes, factor, offset = self.shortlist(z)
        size = self.size[classes]
        start = torch.cumsum(size, 1) - size
        # The candidate that owns each lane, and the part of its class.
        owner = (start.unsqueeze(2) <= self.lane_numbers).sum(1) - 1
        part = self.lane_numbers - start.gather(1, owner)
        column = classes.gather(1, owner) * self.segments + part
        column = torch.where(part < size.gather(1, owner), column, self.n_classes * self.segments).t().reshape(-1)
        # The first lanes of all patches come before the second ones.
        scale = self.scale.index_select(1, column) * factor.gather(1, owner).t().reshape(1, -1)
        row = torch.arange(rows, device=z.device, dtype=torch.int32)
        place = self.coefficient.index_select(1, column).to(torch.int32) * rows
        place = (place.view(self.steps, lanes, rows) + row).view(-1)
        u = z.t().reshape(-1).index_select(0, place).view(self.steps, -1) / scale
        cell = self.trellis.cell(u, self.middle.index_select(1, column))
        error, last, choices = self.trellis.walk(self.trellis.errors(u, cell, scale * scale))
        total = torch.zeros(classes.shape, device=z.device)
        total = total.scatter_add_(1, owner, error.view(lanes, rows).t()) + (start + size > lanes) * 1e9
        best = total.argmin(1, keepdim=True)
        own = (start.gather(1, best) + self.parts).clamp_max(lanes - 1)
        lane = (own * rows + row.unsqueeze(1)).t().reshape(-1)
        winner = classes.gather(1, best).squeeze(1)
        bit, subset = self.trellis.trace(choices, last[lane], lane)
        level = self._by_place(self.trellis.level_in(subset, cell.index_select(1, lane)), rows)
        rate = self.rate[winner].to(torch.int64)
        symbol = self.trellis.symbols(self._by_place(bit, rows), level, rate)
        return winner, offset.gather(1, best).squeeze(1), symbol, self._by_place(subset, rows), level

    def _by_place(self, steps: Tensor, rows: int) -> Tensor:
        """Values (B, P) of the lanes of all patches, given as (T, segments B)."""
        return steps.view(self.steps, self.segments, rows).permute(2, 1, 0).reshape(rows, self.places)

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:  # noqa: ARG002  (every source is resampled)
        """Codes (B, G) int32 of patches (B, N) uV."""
        with torch.no_grad():
            gain, z = self.analyse(patches)
            winner, offset, symbol, _, _ = self.search(z)
            codes = torch.zeros((z.shape[0], len(self.codebook_sizes)), dtype=torch.int64, device=z.device)
            shifted = torch.bitwise_left_shift(symbol, self.shift[winner].to(torch.int64))
            codes.scatter_add_(1, self.word[winner].to(torch.int64), shifted)
            codes[:, 0] = gain + offset.to(torch.int64)
            codes[:, 1] = winner
            return codes.to(torch.int32)

    # Decoder

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:  # noqa: ARG002  (every source is resampled)
        """Patches (B, N) uV of codes (B, G) with least error; a code of -1 and all after it are unknown."""
        return self._synthesise(codes, self._coefficients(codes, noise=False))

    @torch.jit.export
    def decode_spectrum(self, codes: Tensor, rate_hz: Tensor) -> Tensor:  # noqa: ARG002  (every source is resampled)
        """As `decode`, with noise of the power that the codes do not describe; its signs are hashed from the codes."""
        return self._synthesise(codes, self._coefficients(codes, noise=True))

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) uV of patches (B, N) uV; differentiable in scales and synthesis, not through codes."""
        return self.decode(self.encode(patches, rate_hz), rate_hz)

    def _coefficients(self, codes: Tensor, noise: bool) -> Tensor:
        """Coefficients over the gain (B, N)."""
        codes = codes.to(torch.int64)
        rows = codes.shape[0]
        chosen = codes[:, 1].clamp(0, self.n_classes - 1)
        rate = self.rate[chosen].to(torch.int64)
        word = codes.gather(1, self.word[chosen].to(torch.int64))
        known = (word >= 0) & (rate > 0) & (codes[:, 1:2] >= 0)
        symbol = torch.bitwise_right_shift(word.clamp_min(0), self.shift[chosen].to(torch.int64))
        by_segment = [rows, self.segments, self.steps]
        value = self.trellis.value(symbol.view(by_segment), rate.view(by_segment)).view(rows, self.places)
        value = torch.where(known, value, torch.zeros_like(value))
        place = self._of_class(self.coefficient, chosen).to(torch.int64)
        z = torch.zeros((rows, self.patch_size), device=codes.device)
        if noise:
            told = torch.where(known, 1.0 - self.lost[rate], torch.zeros_like(value))
            missing = torch.ones_like(z).scatter_add_(1, place, -told)
            missing = missing * (codes[:, 1:2] >= 0)
            z = (
                missing
                * self.spread[chosen].to(torch.float32)
                * hashed_signs(codes, self.mixers, self.patch_size)
                * self.fill
            )
        return z.scatter_add(1, place, value * self._of_class(self.scale, chosen))

    def _of_class(self, by_steps: Tensor, chosen: Tensor) -> Tensor:
        """Rows (B, P) of a table that is stored by steps."""
        table = by_steps[:, :-1].reshape(self.steps, self.n_classes, self.segments)
        return table.permute(1, 2, 0).reshape(self.n_classes, self.places)[chosen]

    def _synthesise(self, codes: Tensor, z: Tensor) -> Tensor:
        """Patches (B, N) uV of coefficients over the gain (B, N)."""
        gain_uv = self.gains_uv[codes[:, 0].clamp(0, self.n_gains - 1).to(torch.int64)] * (codes[:, 0] >= 0)
        return torch.matmul(z, self.synthesis) * gain_uv.unsqueeze(1)
