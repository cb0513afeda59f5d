"""Holes cut into made-up timestamps, and what the timeline makes of them."""

from dataclasses import dataclass, field, replace

import numpy as np

from eegstream.dsp.timeline import Timeline
from tests.dsp.timestamp_cases import CASES, RATES, Case, breaks_of, run


@dataclass
class Tally:
    """What became of the holes of some runs."""

    holes: int = 0
    missed: int = 0
    false_borders: int = 0
    off_samples: list[int] = field(default_factory=list)
    """By how many samples the border was off."""
    count_off_ms: list[float] = field(default_factory=list)
    """Estimated less true length."""

    def __str__(self) -> str:
        off, off_ms = self.off_samples or [0], self.count_off_ms or [0.0]
        return (
            f"{self.holes} holes, {self.missed} missed, {self.false_borders} false, "
            f"{max(off)} samples off at most, count {min(off_ms):+.1f} .. {max(off_ms):+.1f} ms off"
        )


@dataclass(frozen=True)
class Holes:
    """How often the source loses how much."""

    spacing_s: tuple[float, float]
    length_s: tuple[float, float]
    shortest: int = 2
    """Samples."""


@dataclass(frozen=True)
class HoleRow:
    """Holes of one kind in one kind of timestamps, and what shall become of them."""

    name: str
    case: Case
    holes: Holes
    count_off_ms: float
    """Largest error of the estimated length."""
    reach: int = 0
    """A border may be so many samples off."""
    sure: bool = True
    """None may be missed."""

    def __str__(self) -> str:
        return f"{self.name}: {self.case}"

    def tally(self, runs: int, count: int, make=Timeline) -> Tally:
        """What becomes of `runs` times `count` holes."""
        tally = Tally()
        for seed in range(runs):
            _tally_run(self, count, seed, tally, make)
        return tally


def _at(rates, *names):
    """One case of each name at each of the rates."""
    first = {case.name: case for case in reversed(CASES)}
    return [replace(first[name], rate_hz=float(rate)) for name in names for rate in rates]


_CALM = _at(RATES, "exact", "0.1-sample jitter", "450 for 500")
_LATE, _EARLY = Holes((1.3, 4), (0.1, 0.4)), Holes((0.3, 1.2), (0.1, 0.4))
_USB = Holes((5, 8), (0.1, 0.12))
_SHORT = "40-50 ms, from 1.3 s on"
HOLE_ROWS = [
    *(HoleRow("2 samples and more, from 1.02 s on", case, Holes((1.02, 3), (0, 0.2), 2), 0) for case in _CALM),
    *(HoleRow("5 samples and more, each 0.26-1.2 s", case, Holes((0.26, 1.2), (0, 0.2), 5), 0) for case in _CALM),
    *(HoleRow("5 samples and more, each 0.03-0.5 s", case, Holes((0.03, 0.5), (0, 0.2), 5), 8) for case in _CALM),
    *(HoleRow("from 1.3 s on", case, _LATE, 8) for case in _at(RATES, "5 ms jitter")),
    *(HoleRow("from 1.3 s on", case, _LATE, 4) for case in _at(RATES, "20 ms blocks")),
    *(HoleRow("each 0.3-1.2 s", case, _EARLY, 36) for case in _at(RATES, "5 ms jitter", "20 ms blocks")),
    *(HoleRow("from 1.3 s on", case, _LATE, 10, reach=9) for case in _at(RATES, "chunks of 10")),
    *(HoleRow("from 1.3 s on", case, _LATE, 10, reach=31) for case in _at(RATES, "chunks of 32")),
    *(HoleRow("each 5-8 s", case, _USB, 16, reach=50, sure=False) for case in _at(RATES, "USB bursts")),
    *(HoleRow(_SHORT, case, Holes((1.3, 4), (0.04, 0.05)), 16, sure=False) for case in _at(RATES, "5 ms jitter")),
]


def _tally_run(row: HoleRow, count: int, seed: int, tally: Tally, make) -> None:
    rng = np.random.default_rng(seed)
    case, holes = row.case, row.holes
    kept = np.round(rng.uniform(*holes.spacing_s, size=count + 1) * case.rate_hz).astype(int)
    lost = np.round(rng.uniform(*holes.length_s, size=count) * case.rate_hz).astype(int)
    lost = np.maximum(lost, holes.shortest)
    behind = np.cumsum(kept)[:-1]
    positions = np.arange(kept.sum()) + np.repeat(np.r_[0, np.cumsum(lost)], kept)
    _, timestamps_s = case.make(rng, positions)
    borders = breaks_of(run(case.rate_hz, timestamps_s, make=make))
    found = 0
    for index, length in zip(behind, lost, strict=True):
        hits = [item for item in borders if item.kind == "gap" and abs(item.index - index) <= row.reach]
        found += len(hits[:1])
        for item in hits[:1]:
            tally.off_samples.append(abs(int(index) - item.index))
            tally.count_off_ms.append(1e3 * (item.missing - int(length)) / case.rate_hz)
    tally.holes += count
    tally.missed += count - found
    tally.false_borders += len(borders) - found
