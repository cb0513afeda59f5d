"""Codes as tokens of a language model: one flat vocabulary for the codes of a bundle. Needs no PyTorch.

C channels, P patches, G codes of a patch, W values of a code, D digits of a code, T tokens of a channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.archive import Archive
from eegstream.codec.envelopes import Envelopes
from eegstream.codec.manifest import Manifest
from eegstream.codec.meanings import CodeMeaning, meanings_of
from eegstream.codec.seen import Seen, look
from eegstream.errors import BundleError, ConfigError, TokensError
from eegstream.files.segments import CodedSegment
from eegstream.token_rows import GAP, PADDING, SEPARATOR, SPECIAL, TokenRows, offsets_of
from eegstream.wire.messages import Spec

__all__ = ["GAP", "PADDING", "SEPARATOR", "Coefficients", "Vocabulary", "vocabulary"]


@dataclass(frozen=True)
class Coefficients:
    """What the codes of a classified bundle say, as numbers: inputs for a model in place of embedded words."""

    gain_uv: NDArray[np.float32]
    """(P, C)"""
    envelope: NDArray[np.int64]
    """(P, C), number of the envelope."""
    shape: NDArray[np.float32]
    """(P, C, n) cosine coefficients (DCT-II, orthonormal) over the gain; 0 for what is not sent."""

    @property
    def uv(self) -> NDArray[np.float32]:
        """(P, C, n) cosine coefficients in microvolts."""
        return self.shape * self.gain_uv[..., None]

    def __repr__(self) -> str:
        patches, channels, n = self.shape.shape
        return f"Coefficients({patches} patches x {channels} channels: gain, envelope, {n} cosine coefficients)"


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a bundle: 0 padding, 1 gap, 2 separator, then the values of each code in turn.

    >>> words = vocabulary("default")                  # doctest: +SKIP
    >>> tokens = words.to_tokens(read_codes(path))     # (channels, tokens) # doctest: +SKIP
    """

    seen: Seen

    def __repr__(self) -> str:
        return f"Vocabulary({self.seen.title}: {self.size} tokens, {len(self.words)} codes of a patch)"

    @property
    def manifest(self) -> Manifest:
        """The bundle's manifest."""
        return self.seen.manifest

    @property
    def words(self) -> tuple[int, ...]:
        """(G,) number of values of each code."""
        return self.manifest.words

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """(G,) token of the value 0 of each code."""
        return offsets_of(self.words)

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(SPECIAL) + sum(self.words)

    @cached_property
    def meanings(self) -> tuple[CodeMeaning, ...]:
        """(G,) what each code means."""
        return meanings_of(self.manifest)

    @cached_property
    def envelopes(self) -> Envelopes:
        """The tables of a classified bundle.

        Raises:
            BundleError: this is no classified bundle.
        """
        origin = self.seen.path.name
        return Envelopes.of(Archive.read(self.seen.content, origin), self.manifest, origin)

    def to_tokens(
        self, segments: CodedSegment | Sequence[CodedSegment], *, separator: bool = False
    ) -> NDArray[np.int64]:
        """Tokens (C, T) of the segments of one recording, a row for each channel.

        The codes of a patch follow each other, patches too; `separator` puts 2 between two patches. Between segments,
        and where patches were lost, stands 1. Segments without a patch have no token.

        Raises:
            BundleError: another bundle made the codes.
            TokensError: the segments have different channels, or a code lies outside its codebook.
        """
        given = [segments] if isinstance(segments, CodedSegment) else list(segments)
        if not given:
            raise TokensError("there is no segment, expected at least one", "Encode a longer recording")
        self._require_own(given)
        names = {segment.spec.channels for segment in given}
        if len(names) > 1:
            raise TokensError(
                f"the segments have {len(names)} different lists of channels, expected one",
                "Give the segments of one stream, and of one epoch if its channels change",
            )
        runs = [run for segment in given for run in _runs(segment)]
        return self._rows(separator=separator).write(runs)

    def from_tokens(self, tokens: NDArray[np.integer], *, separator: bool = False) -> list[NDArray[np.uint16]]:
        """The codes (P, C, G) of each run of consecutive patches; padding may follow the tokens (C, T).

        Raises:
            TokensError: these are not tokens that `to_tokens` would write; it says which, where, and what is due.
        """
        return self._rows(separator=separator).read(tokens)

    def to_segments(self, tokens: NDArray[np.integer], spec: Spec, *, separator: bool = False) -> list[CodedSegment]:
        """Tokens (C, T), such as a language model's, as segments that `Tokenizer.decode` takes.

        `spec` is that of the codes that they continue or replace. Tokens have no times: patches are counted from 0.

        Raises:
            BundleError: another bundle made the codes of `spec`.
            TokensError: as `from_tokens`, or `spec` has another number of channels.
        """
        self._require_made_here(spec)
        runs = self.from_tokens(tokens, separator=separator)
        if any(run.shape[1] != len(spec.channels) for run in runs):
            raise TokensError(
                f"the tokens have {runs[0].shape[1]} rows, spec {len(spec.channels)} channels", "Give all"
            )
        hop_s = spec.hop / (spec.model_rate_hz or spec.rate_hz)
        firsts = np.cumsum([0, *map(len, runs)])
        return [
            CodedSegment(
                spec=spec,
                segment=number,
                index=np.arange(len(run), dtype=np.int64),
                codes=run,
                flags=np.zeros(run.shape[:2], np.uint8),
                t=(first + np.arange(len(run))) * hop_s,
                account=None,
            )
            for number, (first, run) in enumerate(zip(firsts, runs, strict=False))
        ]

    def split(self, tokens: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Position and value of each token, in any shape; position -1 for padding, gap and separator.

        Raises:
            TokensError: a token lies outside the vocabulary.
        """
        given = np.asarray(tokens).astype(np.int64)
        outside = (given < 0) | (given >= self.size)
        if outside.any():
            place = np.argwhere(outside)[0]
            raise TokensError(
                f"token {', '.join(map(str, place))} is {given[tuple(place)]}, expected 0 to {self.size - 1}",
                "Give tokens of this vocabulary",
            )
        position = np.searchsorted(self.offsets, given, side="right") - 1
        return position, np.where(position >= 0, given - self.offsets[position], given)

    def coefficients(self, segment: CodedSegment) -> Coefficients:
        """Gain, envelope and dequantised cosine coefficients of a classified bundle's codes.

        Raises:
            BundleError: another bundle made the codes.
            ConfigError: the bundle is not a classified one.
            TokensError: a code lies outside its codebook.
        """
        if self.meanings[0].kind != "gain":
            raise ConfigError(
                f"{self.seen.title} has no coefficients: its codes are {self.meanings[0].kind}",
                "Use `meanings[g].grid()` or embed the codes; only classified bundles hold coefficients",
            )
        self._require_own([segment])
        patches, channels, n_codes = segment.codes.shape
        self._rows(separator=False).write([segment.codes])  # refuses codes outside their codebooks
        codes = segment.codes.reshape(-1, n_codes)
        shapes = self.envelopes.shapes(codes)
        return Coefficients(
            gain_uv=self.envelopes.gains_uv[codes[:, 0]].reshape(patches, channels),
            envelope=codes[:, 1].astype(np.int64).reshape(patches, channels),
            shape=shapes.reshape(patches, channels, -1),
        )

    def _rows(self, *, separator: bool) -> TokenRows:
        return TokenRows(np.array(self.words, np.int64), self.offsets, separator)

    def _require_own(self, segments: Sequence[CodedSegment]) -> None:
        for segment in segments:
            self._require_made_here(segment.spec)

    def _require_made_here(self, spec: Spec) -> None:
        if spec.model.sha256 != self.seen.sha256:
            raise BundleError(
                f"the codes were made by {spec.model.name}@{spec.model.version} ({spec.model.sha256[:12]}), "
                f"this vocabulary is of {self.seen.title} ({self.seen.sha256[:12]})",
                "Ask for the vocabulary of the bundle that made them",
            )


def vocabulary(bundle: str = "default") -> Vocabulary:
    """The vocabulary of a bundle given as `NAME[@VERSION]` or as a path. Nothing of the bundle is run.

    Raises:
        BundleError: there is no such bundle, or it is malformed.
    """
    return Vocabulary(look(bundle))


def _runs(segment: CodedSegment) -> list[NDArray[np.uint16]]:
    """The codes of a segment, cut where patches were lost."""
    cuts = np.flatnonzero(np.diff(segment.index) != 1) + 1
    edges = [0, *cuts.tolist(), len(segment.index)]
    return [segment.codes[start:stop] for start, stop in pairwise(edges)]
