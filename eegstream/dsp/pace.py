"""Measure a stream's real rate before its first epoch opens, and watch it afterwards.

T samples in a chunk; timestamps and times in seconds. Both use the timeline's times. These account for gaps, stalls
and bursts, so lost or late samples do not change a rate.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.rates import measured_rate
from eegstream.dsp.timeless import Timeless
from eegstream.dsp.timeline import Break, Timed, Timeline

WRONG = 0.02
"""A stated rate that is off by more than this share is wrong."""
_SURE = 0.01
"""A stated rate that is off by less than this share is confirmed early."""
_EARLIEST_S, _USUAL_S, _LONGEST_S = 0.45, 1.95, 4.0
"""Seconds of stream that are measured: at least, usually, and at most (if its two halves disagree)."""
_MOST_WAITING_S, _FASTEST = 12.0, 5
"""After this many seconds of samples without a clock fit, the stated rate is used; after so many times that if the
arrivals contradict it."""
_STEP_BACK_S = 0.05
"""Timestamps that step back further were counted backwards from the last one of a chunk, at the stated rate: they show
that rate whatever the real one is, until several chunks have come."""
_REFINED, _REFITS, _FEWEST, _FAR, _TINY_S = 0.1, 4, 16, 4.0, 1e-6
"""For a refined rate: largest distance from the measured rate, number of fits, fewest timestamps; timestamps further
off the line than so many median deviations are excluded; smallest such limit."""
_AGREE, _FEWEST_ARRIVALS = 0.04, 2
"""Two measures of a rate agree within this share; fewest fresh timestamps that measure one."""
_GROSS, _GROSS_AFTER_S = 0.10, 0.25
"""A new segment whose rate is off by this share is reported after this many seconds."""
_WINDOW_S, _CHANGED = 8.0, 0.05
"""Seconds over which a running segment's rate is checked, and the share by which it must be off. Some devices vary
their pace by 2.5 %."""

Floats = NDArray[np.float64]


class RateProbe:
    """Find the true rate of a stream that states `nominal_hz`, from its first seconds.

    The caller decides at which sample counts it asks for `rate_hz`; the same counts give the same answer.
    """

    def __init__(self, nominal_hz: float) -> None:
        self._nominal_hz = nominal_hz
        self._timeline = Timeline(nominal_hz)
        self._timestamps: list[Floats] = []
        self._count = 0
        self._pieces: list[_Piece] = []
        """One per segment."""
        self._goes_on = False
        self._timeless = Timeless(nominal_hz)

    @property
    def remark(self) -> str | None:
        """Why the rate is not certain yet, if samples get no times; else None."""
        return self._timeless.remark

    def push(self, timestamps_s: Floats) -> None:
        """Take the timestamps (T,) of the next samples."""
        self._timestamps.append(np.asarray(timestamps_s, np.float64))
        self._count += len(timestamps_s)
        self._take(self._timeline.push(timestamps_s))

    def rate_hz(self) -> float | None:
        """The stream's rate, or None while it is not certain.

        The clock fit measures it well if it is near the stated one. The arrivals, with which bursts and late samples
        do not count, measure any rate; but a hole changes them, so both of their halves must agree.
        """
        whole, late = self._paces()
        seconds, arrivals = self._seconds, _arrivals(np.concatenate(self._timestamps or [np.empty(0)]))
        contradicted = _off(arrivals.whole_hz, self._nominal_hz) > _GROSS if arrivals.seconds else False
        agreed = arrivals.seconds > 0 and (not contradicted or _off(whole, arrivals.whole_hz) < _AGREE)
        near = max(_off(whole, self._nominal_hz), _off(late, self._nominal_hz)) < _SURE
        if (
            near
            and arrivals.seconds
            and not contradicted
            and seconds >= (_USUAL_S if arrivals.steps_back else _EARLIEST_S)
        ):
            return self._nominal_hz
        if agreed and seconds >= _USUAL_S and (_off(whole, late) < WRONG or seconds >= _LONGEST_S):
            return self._true_hz(late if seconds >= _LONGEST_S else whole)
        if contradicted and arrivals.seconds >= _LONGEST_S and _off(arrivals.early_hz, arrivals.late_hz) < _AGREE:
            return measured_rate(arrivals.whole_hz)
        if seconds >= _LONGEST_S and arrivals.seconds >= _LONGEST_S:
            return self._true_hz(late)
        waited_s = self._count / self._nominal_hz
        return self._nominal_hz if waited_s >= _MOST_WAITING_S * (_FASTEST if contradicted else 1) else None

    def final_rate_hz(self) -> float:
        """The best estimate when no more samples come."""
        self._take(self._timeline.flush())
        whole, _ = self._paces()
        seconds = self._seconds
        return self._true_hz(whole) if seconds >= _EARLIEST_S else self._nominal_hz

    def _take(self, items: list[Timed | Break]) -> None:
        for item in items:
            self._timeless.note(item)
            if isinstance(item, Break):
                self._goes_on = False
            elif self._goes_on:
                self._pieces[-1].add(item)
            else:
                self._pieces.append(_Piece(item))
                self._goes_on = True

    def _true_hz(self, measured_hz: float) -> float:
        if _off(measured_hz, self._nominal_hz) <= WRONG:
            return self._nominal_hz
        return measured_rate(self._refined_hz(measured_hz))

    def _refined_hz(self, measured_hz: float) -> float:
        """The rate fitted to all timestamps of the longest segment, because its line started at a wrong rate.

        If samples come in bursts, the line is more precise than the timestamps, and the measured rate is kept.
        """
        longest = max(self._pieces, key=lambda piece: piece.count)
        timestamps_s = np.concatenate(self._timestamps)[longest.first : longest.first + longest.count]
        refined_hz = _pace_of_timestamps(timestamps_s)
        return refined_hz if _off(refined_hz, measured_hz) < _REFINED else measured_hz

    def _paces(self) -> tuple[float, float]:
        """Samples per second over everything, and over the later half; NaN where unknown."""
        steps = sum(piece.count - 1 for piece in self._pieces)
        return _ratio(steps, self._seconds), self._pieces[-1].late_hz if self._pieces else math.nan

    @property
    def _seconds(self) -> float:
        return sum(piece.seconds for piece in self._pieces)


class _Piece:
    """A segment's times as they come."""

    def __init__(self, item: Timed) -> None:
        self.first = item.first
        self._times = [item.times_s]

    def add(self, item: Timed) -> None:
        """Take the next ones."""
        self._times.append(item.times_s)

    @property
    def count(self) -> int:
        """Samples so far."""
        return sum(map(len, self._times))

    @property
    def seconds(self) -> float:
        """From the first to the last."""
        return float(self._times[-1][-1] - self._times[0][0])

    @property
    def late_hz(self) -> float:
        """Samples per second over the later half."""
        times_s = np.concatenate(self._times)
        late_s = times_s[len(times_s) // 2 :]
        return _ratio(len(late_s) - 1.0, float(late_s[-1] - late_s[0]))


@dataclass(frozen=True)
class _Arrivals:
    """Samples per second by the fresh timestamps alone: the last one of each burst, and those that follow in time."""

    whole_hz: float = math.nan
    early_hz: float = math.nan
    """Of the first half of them."""
    late_hz: float = math.nan
    seconds: float = 0.0
    """From the first to the last; 0 if there are too few to measure."""
    steps_back: bool = False
    """Some timestamps are much earlier than the one before."""


def _arrivals(timestamps_s: Floats) -> _Arrivals:
    """What the timestamps (T,) of a stream's first samples show, whatever rate it states."""
    x, y = np.flatnonzero(np.isfinite(timestamps_s)), timestamps_s[np.isfinite(timestamps_s)]
    records = np.flatnonzero(y >= np.maximum.accumulate(y)) if y.size else x
    if records.size < _FEWEST_ARRIVALS:
        return _Arrivals()
    mean_s = float(y[records[-1]] - y[records[0]]) / max(float(x[records[-1]] - x[records[0]]), 1.0)
    fresh = records[:-1][np.diff(y[records]) > mean_s / 2][1:]  # what came before the first may be a backlog
    if fresh.size < _FEWEST_ARRIVALS:
        return _Arrivals()
    half = fresh.size // 2
    whole_hz, early_hz, late_hz = (_slope_hz(x[part], y[part]) for part in (fresh, fresh[: half + 1], fresh[half:]))
    steps_back = bool((np.diff(y) < -_STEP_BACK_S).any())
    return _Arrivals(whole_hz, early_hz, late_hz, float(y[fresh[-1]] - y[fresh[0]]), steps_back)


def _slope_hz(x: NDArray[np.intp], y: Floats) -> float:
    u, v = x - x.mean(), y - y.mean()
    return _ratio(1.0, float((u * v).sum() / max(float((u * u).sum()), 1.0)))


def _pace_of_timestamps(timestamps_s: Floats) -> float:
    """Rate of timestamps (T,) in Hz by least squares, without those far off the line; NaN if there is none."""
    x, y = np.flatnonzero(np.isfinite(timestamps_s)).astype(np.float64), timestamps_s[np.isfinite(timestamps_s)]
    slope = math.nan
    for _ in range(_REFITS):
        if x.size < _FEWEST:
            return math.nan
        slope, start_s = np.polyfit(x, y - y[0], 1)
        off_s = np.abs(y - y[0] - start_s - slope * x)
        near = off_s <= _FAR * np.median(off_s) + _TINY_S
        x, y = x[near], y[near]
    return _ratio(1.0, slope)


class RateWatch:
    """Detect that a stream no longer runs at its rate."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._first_count = round(_GROSS_AFTER_S * rate_hz)
        self._window_count = round(_WINDOW_S * rate_hz)
        self.begin_segment(is_known=True)

    def begin_segment(self, *, is_known: bool = False) -> None:
        """The next times start a new segment; with `is_known`, its rate needs no first check."""
        self._at_start = not is_known
        self._start_s = math.nan
        self._count = 0

    def push(self, times_s: Floats, error_s: float) -> tuple[int, float | None]:
        """Take times (T,) of the running segment, accurate to `error_s`.

        Return how many were taken, and the measured rate if it has changed.
        """
        taken = 0
        while taken < len(times_s):
            if math.isnan(self._start_s):
                self._start_s = float(times_s[taken])
            goal = self._first_count if self._at_start else self._window_count
            step = min(goal - self._count, len(times_s) - taken)
            taken, self._count = taken + step, self._count + step
            if self._count < goal:
                break
            measured_hz = _ratio(goal - 1.0, float(times_s[taken - 1]) - self._start_s)
            allowed = (_GROSS if self._at_start else _CHANGED) + 2 * error_s * self._rate_hz / goal
            self._at_start, self._start_s, self._count = False, math.nan, 0
            if _off(measured_hz, self._rate_hz) > allowed:
                return taken, measured_hz
        return taken, None


def grid(nominal_hz: float) -> int:
    """Samples between two checks of the rate; the first check is at sample 0."""
    return max(1, round(_GROSS_AFTER_S * nominal_hz))


def _ratio(steps: float, seconds: float) -> float:
    return steps / seconds if seconds > 0 and steps > 0 else math.nan


def _off(measured_hz: float, expected_hz: float) -> float:
    """How far a rate is off, as a share; infinite if no rate was measured."""
    share = abs(measured_hz / expected_hz - 1)
    return share if math.isfinite(share) else math.inf
