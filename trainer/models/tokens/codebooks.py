"""Codebooks of two halves, searched under weights: the shape of each group of coefficients.

A group's values are first[i] + second[j], multiplied by the expected sizes s of its coefficients. The codebooks do not
depend on s. The search does: it finds i and j with the least error of the product, so that what is expected to be large
is matched closely, and what is small decides little. That allocates bits to coefficients without a change of meaning.

B patches, C codes, P places of a group (padded), H values of a half (padded), M candidates.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_NEVER = 1e9
_FIRST_SIZE, _SECOND_SIZE = 0.85, 0.45
"""Standard deviations of the two halves' initial values, for coefficients of unit variance."""


class HalvedCodebooks(nn.Module):
    """Two codebooks of `half_sizes` for each code, over `members`: the numbers of its coefficients."""

    place: Tensor
    inside: Tensor
    closed: Tensor
    row: Tensor
    sizes: Tensor

    def __init__(self, half_sizes: Sequence[int], members: Sequence[Sequence[int]], candidates: int) -> None:
        super().__init__()
        codes, places, values = len(members), max(map(len, members)), max(half_sizes)
        self.codes, self.places, self.values_of_half = codes, places, values
        self.candidates = candidates
        self.never = _NEVER
        place = torch.zeros(codes, places, dtype=torch.int64)
        inside = torch.zeros(codes, 1, places)
        closed = torch.zeros(codes, 1, values)
        for code, (own, size) in enumerate(zip(members, half_sizes, strict=True)):
            place[code, : len(own)] = torch.tensor(own)
            inside[code, :, : len(own)] = 1
            closed[code, :, size:] = _NEVER
        self.register_buffer("place", place.view(-1), persistent=False)
        self.register_buffer("inside", inside, persistent=False)
        self.register_buffer("closed", closed, persistent=False)
        self.register_buffer("row", torch.arange(codes).view(-1, 1) * values, persistent=False)
        self.register_buffer("sizes", torch.tensor(list(half_sizes)).view(-1, 1), persistent=False)
        self.first = nn.Parameter(torch.randn(codes, values, places) * _FIRST_SIZE * inside)
        self.second = nn.Parameter(torch.randn(codes, values, places) * _SECOND_SIZE * inside)

    def search(self, z: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Both halves (C, B) of the codes with the least error of coefficients (B, n) of expected sizes (B, n)."""
        size = self._grouped(size)
        across, square = self._grouped(z) * size, size * size
        first, second = self.first.detach(), self.second.detach()  # no gradient through a choice
        error = torch.baddbmm(self.closed, across, first.transpose(1, 2), alpha=-2.0)
        error = torch.baddbmm(error, square, (first * first).transpose(1, 2))
        rows, taken = z.shape[0], self.candidates
        chosen: list[Tensor] = []
        errors: list[Tensor] = []
        for _ in range(taken):
            least, index = error.min(2, keepdim=True)
            error.scatter_(2, index, self.never)
            errors.append(least)
            chosen.append(index)
        candidate, so_far = torch.cat(chosen, 2), torch.cat(errors, 2)
        picked = self._rows(first, candidate.view(self.codes, -1)).view(self.codes, rows, taken, self.places)
        rest = (across.unsqueeze(2) - square.unsqueeze(2) * picked).view(self.codes, rows * taken, self.places)
        refined = torch.bmm(rest, second.transpose(1, 2) * -2.0).view(self.codes, rows, taken, self.values_of_half)
        refined += torch.baddbmm(self.closed, square, (second * second).transpose(1, 2)).unsqueeze(2)
        best = (refined.amin(3) + so_far).min(2, keepdim=True)[1]
        index = best.unsqueeze(3).expand(-1, -1, -1, self.values_of_half)
        return candidate.gather(2, best).squeeze(2), refined.gather(2, index).squeeze(2).min(2)[1]

    def codes_of(self, first: Tensor, second: Tensor) -> Tensor:
        """Codes (B, C) of both halves (C, B)."""
        return (first + self.sizes * second).t()

    def halves_of(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Both halves (C, B) of codes (B, C)."""
        code = codes.to(torch.int64).t()
        second = torch.div(code, self.sizes, rounding_mode="floor")
        return code - second * self.sizes, second

    def forward(self, first: Tensor, second: Tensor, known: Tensor, coefficients: int) -> Tensor:
        """Values (B, n), over their expected sizes, of both halves (C, B); 0 where codes are not known (C, B)."""
        value = self._rows(self.first, first) + self._rows(self.second, second)
        value = value * self.inside * known.unsqueeze(2)
        rows = value.shape[1]
        flat = value.transpose(0, 1).reshape(rows, -1)
        return torch.zeros((rows, coefficients), device=value.device).index_add(1, self.place, flat)

    @torch.jit.export
    def power(self, coefficients: int) -> Tensor:
        """Mean square (n,) of the values of each coefficient, all codes being equally frequent."""
        used = (self.closed == 0).to(torch.float32).transpose(1, 2)
        count = used.sum(1)
        first, second = self.first * used, self.second * used
        mean = 2 * (first.sum(1) / count) * (second.sum(1) / count)
        square = (mean + ((first * first).sum(1) + (second * second).sum(1)) / count) * self.inside.squeeze(1)
        return torch.zeros(coefficients, device=square.device).index_add(0, self.place, square.view(-1))

    def _grouped(self, values: Tensor) -> Tensor:
        """Values (C, B, P) of coefficients (B, n), 0 in padding."""
        rows = values.shape[0]
        grouped = values.index_select(1, self.place).view(rows, self.codes, self.places).transpose(0, 1)
        return (grouped * self.inside).contiguous()

    def _rows(self, table: Tensor, index: Tensor) -> Tensor:
        """Rows (C, K, P) of a table (C, H, P) by index (C, K)."""
        flat = table.view(-1, self.places).index_select(0, (index + self.row).reshape(-1))
        return flat.view(self.codes, -1, self.places)
