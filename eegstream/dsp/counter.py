"""Follow a channel in which the device counts its samples; find lost and repeated samples by it.

T samples in a chunk; values as the channel holds them, in any unit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.countwraps import CountWraps

_LEARNED_S, _FEWEST = 0.5, 32
"""A channel is judged after this many seconds, and this many samples; later once per block of this length."""
_RISES, _STILL_RISES = 0.8, 0.5
"""Smallest share of steps by one count, at first and in a later block."""
_NEAR = 0.25
"""Steps are whole counts within this share of a count."""
_MOST_REPEATS = 8
"""A counter that repeats more often than this does not count."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Passed:
    """Samples that follow each other."""

    count: int
    modulus: int | None = None
    """The counter begins anew after so many counts; None if unknown, or if the channel is not obeyed."""
    counted: bool = True
    """Whether the channel counts samples, and is obeyed."""


@dataclass(frozen=True)
class Repeated:
    """Samples that are repetitions of the one before."""

    count: int


@dataclass(frozen=True)
class Lost:
    """Samples are missing before the next one."""

    missing: int | None
    """None if nobody knows: the counter was set anew."""
    modulus: int | None = None
    """`missing` is exact but for a multiple of this."""


Piece = Passed | Repeated | Lost


class SampleCounter:
    """Compare each value with the one before it.

    The first half second is held until it is certain that the channel counts samples. Later a sample is held only if
    its value is not the expected one, until the next value shows whether the value itself was damaged.
    Chunking does not change the pieces, apart from cutting them.
    """

    def __init__(self, rate_hz: float) -> None:
        self._block = max(_FEWEST, round(_LEARNED_S * rate_hz))
        self._wraps = CountWraps()
        self._held = np.empty(0)
        self._unit: float | None = None
        """Value of one count; None until the channel is judged."""
        self.is_obeyed = True
        self.restart()

    def restart(self) -> None:
        """Expect any value next, because samples were dropped or the source paused; nothing may be held."""
        self._last: float | None = None
        self._age = 0
        """Samples since the last usable value."""
        self._repeats = 0
        self._in_block = self._odd = 0

    def push(self, values: Floats) -> list[Piece]:
        """Take the channel's values (T,) for the next samples; return what they decide, in order."""
        values = np.concatenate((self._held, np.where(np.isfinite(values), values, np.nan)))
        if self._unit is None and self.is_obeyed:
            if values.size < self._block:
                self._held = values
                return []
            self._judge(values[: self._block])
        return self._follow(values, ended=False)

    def flush(self) -> list[Piece]:
        """Decide the samples that are held, without later ones."""
        if self._unit is None and self.is_obeyed:
            if self._held.size < _FEWEST:
                count, self._held = int(self._held.size), np.empty(0)
                return [Passed(count, counted=False)] if count else []
            self._judge(self._held)
        return self._follow(self._held, ended=True)

    def _judge(self, values: Floats) -> None:
        """Find the value of one count in the first values (N,); without one, the channel is not obeyed."""
        steps = np.diff(values[np.isfinite(values)])
        rising = steps[steps > 0]
        unit = float(np.median(rising)) if rising.size else 0.0
        if unit <= 0 or np.count_nonzero(np.abs(steps - unit) < _NEAR * unit) < _RISES * steps.size:
            self.is_obeyed = False
            return
        self._unit = unit
        self._wraps.learn_from(np.round(steps / unit))

    def _follow(self, values: Floats, *, ended: bool) -> list[Piece]:
        found: list[Piece] = []
        self._held = np.empty(0)
        while values.size:
            if not self.is_obeyed:
                found.append(Passed(int(values.size), None, counted=False))
                break
            count = self._regular(values)
            if count:
                self._pass(count, float(values[count - 1]), found)
                values = values[count:]
                continue
            if values.size == 1 and not ended and not self._goes_on(float(values[0])):
                self._held = values
                break
            self._decide(float(values[0]), float(values[1]) if values.size > 1 else np.nan, found)
            values = values[1:]
        return found

    def _regular(self, values: Floats) -> int:
        """How many of the first values, within the block, are the expected ones."""
        if self._last is None or self._unit is None:
            return 0
        part = values[: self._block - self._in_block]
        off = np.abs(np.diff(part, prepend=self._last) - self._unit)
        off[0] = abs(part[0] - self._last - self._unit * (self._age + 1))
        fits = off < _NEAR * self._unit
        return int(fits.argmin()) if not fits.all() else int(part.size)

    def _goes_on(self, value: float) -> bool:
        """Whether a value can be decided alone: the first one, an unusable one, or the first of another round."""
        if self._last is None or not np.isfinite(value):
            return True
        return self._wraps.is_known_wrap(self._counts(self._last), self._counts(value), self._age)

    def _counts(self, value: float) -> int:
        assert self._unit is not None  # noqa: S101
        return round(value / self._unit)

    def _decide(self, value: float, later: float, found: list[Piece]) -> None:
        """Judge a value that is not the expected one; `later` is the next one, NaN if there is none."""
        assert self._unit is not None  # noqa: S101
        if self._last is None or not np.isfinite(value):
            self._pass(1, value, found, odd=self._last is not None)
            return
        if abs(later - self._last - self._unit * (self._age + 2)) < _NEAR * self._unit:
            self._pass(1, np.nan, found, odd=True)  # the value was damaged, the sample is in its place
            return
        last, now = self._counts(self._last), self._counts(value)
        if now == last:
            self._repeat(found)
            return
        missing = self._wraps.missing(last, now, self._age)
        if missing != 0:
            found.append(Lost(missing, self._wraps.modulus))
        self._pass(1, value, found, odd=missing != 0)

    def _repeat(self, found: list[Piece]) -> None:
        self._repeats += 1
        if self._repeats > _MOST_REPEATS:
            self._give_up(found)
            found.append(Passed(1, None, counted=False))
            return
        found.append(Repeated(1))
        self._note(1, found, odd=True)

    def _pass(self, count: int, value: float, found: list[Piece], *, odd: bool = False) -> None:
        found.append(Passed(count, self._wraps.modulus))
        if np.isfinite(value):
            self._last, self._age = value, 0
            self._wraps.see(self._counts(value), count)
        else:
            self._age += count
        self._repeats = 0
        self._note(count, found, odd=odd)

    def _note(self, count: int, found: list[Piece], *, odd: bool) -> None:
        """Count odd steps; give the channel up if they are too many in a block."""
        self._in_block += count
        self._odd += count if odd else 0
        if self._in_block >= self._block:
            if self._odd > (1 - _STILL_RISES) * self._in_block:
                self._give_up(found)
            self._in_block = self._odd = 0

    def _give_up(self, found: list[Piece]) -> None:
        """Stop counting: what was lost up to here is not known."""
        self.is_obeyed = False
        found.append(Lost(None))
