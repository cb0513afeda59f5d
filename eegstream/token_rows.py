"""Write codes as rows of tokens, and read them back.

C channels, P patches, G codes of a patch, T tokens of a channel. A run is a stretch of consecutive patches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import TokensError

PADDING, GAP, SEPARATOR = 0, 1, 2
SPECIAL = ("padding", "gap", "separator")
"""What the first tokens mean; those of code 0 follow."""

Tokens = NDArray[np.int64]
Codes = NDArray[np.uint16]


_REMEDY = "Give tokens as to_tokens writes them, with the same vocabulary and separator"


def offsets_of(words: Sequence[int]) -> NDArray[np.int64]:
    """Token (G,) of the value 0 of each code, for codes of so many values (G,)."""
    return len(SPECIAL) + np.concatenate([[0], np.cumsum(words[:-1], dtype=np.int64)]).astype(np.int64)


@dataclass(frozen=True)
class TokenRows:
    """The writing of one vocabulary."""

    words: NDArray[np.int64]
    """(G,) number of values of each code."""
    offsets: NDArray[np.int64]
    """(G,) token of the value 0 of each code."""
    separator: bool
    """Whether the separator stands between the patches of a run."""

    def write(self, runs: Sequence[Codes]) -> Tokens:
        """Tokens (C, T) of runs (P, C, G) of the same channels, with gaps between them; none of runs without a patch.

        Raises:
            TokensError: a run has another shape, or a code lies outside its codebook.
        """
        rows: list[Tokens] = []
        channels = {run.shape[1] for run in runs if run.ndim == 3}
        if len(channels) != 1:
            raise TokensError(f"the codes have {len(channels)} numbers of channels, expected one", "Give one recording")
        (n_channels,) = channels
        for run in runs:
            if len(run):
                rows += [np.full((n_channels, 1), GAP)] * bool(rows) + [self._of_run(run)]
        return np.concatenate(rows, axis=1) if rows else np.empty((n_channels, 0), np.int64)

    def _of_run(self, run: Codes) -> Tokens:
        if run.ndim != 3 or run.shape[2] != len(self.words):
            raise TokensError(
                f"the codes have the shape {run.shape}, expected (patches, channels, {len(self.words)})",
                "Give the codes of the bundle that the vocabulary is of",
            )
        values = run.astype(np.int64)
        outside = (values < 0) | (values >= self.words)
        if outside.any():
            patch, channel, code = np.argwhere(outside)[0]
            raise TokensError(
                f"patch {patch} of channel {channel} has {values[patch, channel, code]} as code {code}, "
                f"expected 0 to {self.words[code] - 1}",
                "Give the codes of the bundle that the vocabulary is of",
            )
        tokens = (values + self.offsets).transpose(1, 0, 2)
        if self.separator:
            tokens = np.pad(tokens, ((0, 0), (0, 0), (0, 1)), constant_values=SEPARATOR)
        flat = tokens.reshape(tokens.shape[0], -1)
        return flat[:, :-1] if self.separator else flat

    def read(self, tokens: NDArray[np.integer]) -> list[Codes]:
        """The runs (P, C, G) of tokens (C, T); padding may follow them.

        Raises:
            TokensError: this is not how tokens follow each other; with the first place that is wrong.
        """
        rows = _rows(tokens)
        rows = rows[:, : int(np.flatnonzero((rows != PADDING).any(axis=0)).max(initial=-1)) + 1]
        if rows.size == 0:
            return []
        gaps = np.flatnonzero(rows[0] == GAP)
        starts = np.concatenate([[0], gaps + 1])
        place = np.arange(rows.shape[1])
        since = place - starts[np.searchsorted(gaps, place, side="left")]
        period = len(self.words) + self.separator
        position = since % period
        self._require(rows, gaps, position, ended=int(since[-1]) % period == len(self.words) - 1 and rows[0, -1] != GAP)
        kept = np.ones(rows.shape[1], bool)
        kept[gaps] = False
        kept &= position < len(self.words)
        values = rows[:, kept].reshape(len(rows), -1, len(self.words)) - self.offsets
        ends = np.cumsum(kept)[gaps] // len(self.words)
        return np.split(values.transpose(1, 0, 2).astype(np.uint16), ends)

    def _require(self, rows: Tokens, gaps: NDArray[np.int64], position: NDArray[np.int64], *, ended: bool) -> None:
        """Check every token by the position that is due at its place; a gap is due only behind a whole patch."""
        is_gap = np.zeros(rows.shape[1], bool)
        is_gap[gaps] = True
        due = np.minimum(position, len(self.words) - 1)
        low, high = self.offsets[due], self.offsets[due] + self.words[due]
        separated = position == len(self.words)
        low, high = np.where(separated, SEPARATOR, low), np.where(separated, SEPARATOR + 1, high)
        behind_patch = separated if self.separator else (position == 0) & (np.arange(len(position)) > 0)
        behind_patch &= ~np.concatenate([[False], is_gap[:-1]])
        low, high = np.where(is_gap & behind_patch, GAP, low), np.where(is_gap & behind_patch, GAP + 1, high)
        wrong = (rows < low) | (rows >= high)
        if wrong.any():
            place = int(np.flatnonzero(wrong.any(axis=0))[0])
            channel = int(np.flatnonzero(wrong[:, place])[0])
            raise TokensError(
                f"token {place} of channel {channel} is {self.told(int(rows[channel, place]))}, "
                f"expected {self.told(int(low[place]))}"
                + (f" or another value of it, up to {high[place] - 1}" if high[place] - low[place] > 1 else ""),
                _REMEDY,
            )
        if not ended:
            raise TokensError(f"the tokens end after {rows.shape[1]}, within a patch or behind a gap", _REMEDY)

    def told(self, token: int) -> str:
        """A token in an error."""
        last = int(self.offsets[-1] + self.words[-1]) - 1
        if not 0 <= token <= last:
            return f"{token} (the vocabulary has 0 to {last})"
        if token < len(SPECIAL):
            return f"{token} ({SPECIAL[token]})"
        code = int(np.searchsorted(self.offsets, token, side="right")) - 1
        return f"{token} (value {token - self.offsets[code]} of code {code})"


def _rows(tokens: NDArray[np.integer]) -> Tokens:
    """Tokens (C, T) as such; a single row may be given as (T,).

    Raises:
        TokensError: they have other dimensions, or are no whole numbers.
    """
    given = np.asarray(tokens)
    if given.ndim not in (1, 2) or not (np.issubdtype(given.dtype, np.integer) or given.size == 0):
        raise TokensError(
            f"the tokens have the shape {given.shape} and the type {given.dtype}, "
            "expected whole numbers, (channels, tokens)",
            "Give an array of them",
        )
    return np.atleast_2d(given).astype(np.int64)
