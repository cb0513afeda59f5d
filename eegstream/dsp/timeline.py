"""Dejitter raw timestamps: a smooth time for every sample, segments without loss, and the borders between them.

T samples in a chunk (any number, also 0); timestamps and times in seconds.
"""

import math

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.burstclock import BurstClock, BurstLine
from eegstream.dsp.clockfit import ClockFit
from eegstream.dsp.decided import Break, BreakKind, Timed, joined
from eegstream.dsp.doubt import Jump, Late, Lower, judge_doubt
from eegstream.dsp.firstblock import FirstLine, Hole, usable
from eegstream.dsp.latestart import Still
from eegstream.dsp.packets import is_packet_border
from eegstream.dsp.start import StartRules, StartVerdict, judge_start, judge_whole

_BLOCK_S = 0.25
_SMALLEST_BLOCK = 16
_CONFIRM_S = 0.020
"""A jump is measured over this time after it."""
_LONGEST_DOUBT_S = 7.0
"""Doubtful samples are held for at most this time at the nominal rate."""
_LONGEST_START_S = 6.0
"""A segment's first samples are held without a clock for at most this time at the nominal rate."""

_MOST_HELD = 20_000
"""Samples that are held at most for each of these two reasons, also at high rates: this bounds the memory."""

__all__ = ["Break", "Timed", "Timeline"]

Floats = NDArray[np.float64]

_NOTHING: Floats = np.empty(0)


class Timeline:
    """Follow a stream's raw timestamps; give each sample its time and find the borders between segments.

    Late samples are kept: a border requires an offset that stays while time passes at the stream's pace. The first
    block of a segment is judged as a whole; if it shows bursts or late samples, more samples are awaited. Afterwards
    each sample is decided at once, unless its timestamp lies beyond the threshold. Then the next timestamps show
    whether samples are late or lost.
    Chunking does not change any time or border, to the bit. Later samples do not change earlier results.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_s = 1.0 / rate_hz
        self._block = max(_SMALLEST_BLOCK, round(_BLOCK_S * rate_hz))
        self._confirm = math.ceil(_CONFIRM_S * rate_hz)
        self._longest_doubt = max(4 * self._block, min(round(_LONGEST_DOUBT_S * rate_hz), _MOST_HELD))
        self._longest_start = max(4 * self._block, min(round(_LONGEST_START_S * rate_hz), _MOST_HELD))
        self.reset()

    def reset(self) -> None:
        """Forget everything, the sample counter too."""
        self._decided = 0
        self._doubtful = _NOTHING
        self._ended = False
        self.step_s: float | None = None
        """Seconds per sample of the current line, or of the last one; None before the first line."""
        self._begin_segment()

    def _begin_segment(self) -> None:
        self._clock: ClockFit | BurstClock | None = None
        """None while the segment's start is collected."""
        self._start_s = _NOTHING
        """Timestamps of the start collected so far."""
        self._next_look = self._block
        self._filled = 0
        """Number of timestamps of the running block in `_timestamps`."""
        self._last_s = -math.inf

    @property
    def longest_held(self) -> int:
        """Largest number of samples that are ever held."""
        return max(self._longest_doubt, self._longest_start)

    @property
    def held(self) -> int:
        """Samples pushed but not decided yet."""
        return self._doubtful.size + self._start_s.size

    def push(self, timestamps_s: Floats) -> list[Timed | Break]:
        """Take the timestamps (T,) of the next samples; return what they decide, in order."""
        found: list[Timed | Break] = []
        timestamps_s = np.asarray(timestamps_s, dtype=np.float64)
        for start in range(0, timestamps_s.size, self._block):
            self._feed(timestamps_s[start : start + self._block], found)
        return joined(found)

    def flush(self) -> list[Timed | Break]:
        """End the stream: decide all samples that are held. Only `reset` may follow."""
        found: list[Timed | Break] = []
        self._ended = True
        self._feed(_NOTHING, found)
        while self._clock is None and self._start_s.size:
            self._feed(self._end_start(found), found)
        return joined(found)

    def _feed(self, timestamps_s: Floats, found: list[Timed | Break]) -> None:
        if self._doubtful.size:
            timestamps_s = np.concatenate((self._doubtful, timestamps_s))
            self._doubtful = _NOTHING
        while timestamps_s.size:
            if self._clock is None:
                timestamps_s = self._collect(timestamps_s, found)
            else:
                timestamps_s = self._follow(timestamps_s, self._clock, found)

    def _collect(self, timestamps_s: Floats, found: list[Timed | Break]) -> Floats:
        """Add to the start; return the timestamps that remain to be fed."""
        count = min(self._next_look - self._start_s.size, timestamps_s.size)
        self._start_s = np.concatenate((self._start_s, usable(timestamps_s[:count])))
        if self._start_s.size < self._next_look:
            return _NOTHING
        return np.concatenate((self._end_start(found), timestamps_s[count:]))

    def _judge(self, timestamps_s: Floats) -> StartVerdict | None:
        rules = StartRules(self._block, self._confirm, self._nominal_s)
        if self._ended or timestamps_s.size >= self._longest_start:
            return judge_whole(timestamps_s, rules)
        return judge_start(timestamps_s, rules)

    def _end_start(self, found: list[Timed | Break]) -> Floats:
        """Judge the start; return the timestamps after a hole in it, which remain to be fed."""
        timestamps_s = self._start_s
        verdict = self._judge(timestamps_s)
        if verdict is None:
            self._next_look = min(timestamps_s.size + self._block // 4, self._longest_start)
            return _NOTHING
        self._start_s = _NOTHING
        ramp = np.arange(timestamps_s.size, dtype=np.float64)
        if isinstance(verdict, FirstLine | BurstLine):
            self._take_line(verdict, timestamps_s.size, found)
            self._last_s = float(timestamps_s[np.isfinite(timestamps_s)][-1])
            return _NOTHING
        if isinstance(verdict, Hole):
            self._hand_out(verdict.start_s + verdict.step_s * ramp[: verdict.behind], 0.0, found)
            self._jump(Jump("gap" if verdict.offset_s > 0 else "back", verdict.offset_s, verdict.step_s), found)
            return timestamps_s[verdict.behind :]
        skipped = verdict.behind if isinstance(verdict, Still) else timestamps_s.size
        self._break("noclock" if isinstance(verdict, Still) else verdict, found, skipped=skipped)
        return timestamps_s[skipped:]

    def _take_line(self, line: FirstLine | BurstLine, count: int, found: list[Timed | Break]) -> None:
        """Give the start's samples their times, and follow the line from then on."""
        times_s = line.start_s + line.step_s * np.arange(count, dtype=np.float64)
        clock: ClockFit | BurstClock
        if isinstance(line, FirstLine):
            clock = ClockFit(line.counted_from(max(count - self._block, 0)), self._block, self._nominal_s)
        else:
            reached_s = line.start_s + line.step_s * count
            clock = BurstClock(BurstLine(reached_s, line.step_s, line.interval_s), reached_s, self._nominal_s)
        self._hand_out(times_s, clock.error_s, found)
        self._set_clock(clock)

    def _set_clock(self, clock: ClockFit | BurstClock) -> None:
        self._clock, self.step_s = clock, clock.step_s
        self._filled, self._timestamps = 0, np.empty(clock.block)
        self._late: NDArray[np.bool_] | None = None

    def _follow(self, timestamps_s: Floats, clock: ClockFit | BurstClock, found: list[Timed | Break]) -> Floats:
        """Decide timestamps of the running block; return those that remain to be fed."""
        part = timestamps_s[: clock.block - self._filled]
        error_s = part - clock.predicted_s[self._filled : self._filled + part.size]
        limit_s = clock.threshold_s
        if error_s.max() <= limit_s and error_s.min() >= -limit_s:  # false if one is NaN
            self._accept(part, clock, found)
            return timestamps_s[part.size :]
        return self._follow_closely(usable(timestamps_s), clock, found)

    def _follow_closely(self, timestamps_s: Floats, clock: ClockFit | BurstClock, found: list[Timed | Break]) -> Floats:
        """Distinguish late and unusable timestamps from a border; return the timestamps that remain to be fed."""
        part = timestamps_s[: clock.block - self._filled]
        error_s = part - clock.predicted_s[self._filled : self._filled + part.size]
        beyond = np.abs(error_s) > clock.threshold_s
        suspect = int(beyond.argmax())
        if not beyond[suspect]:
            self._accept(part, clock, found)
            return timestamps_s[part.size :]
        if suspect:
            self._accept(part[:suspect], clock, found)
        rest_s, habits = timestamps_s[suspect:], clock.habits
        if isinstance(clock, ClockFit) and is_packet_border(float(error_s[suspect]), habits):
            clock.roughen()
            return rest_s
        window_s = rest_s[: self._longest_doubt]
        longest = None if self._ended else self._longest_doubt
        predicted_s = clock.predict(self._filled, window_s.size)
        verdict = judge_doubt(window_s, predicted_s, self._last_s, habits, self._confirm, longest)
        if verdict is None:
            self._doubtful = rest_s.copy()
            return _NOTHING
        if isinstance(verdict, Late):
            count = min(verdict.count, clock.block - self._filled)
            self._accept(rest_s[:count], clock, found, late=verdict.count > self._confirm)
            return rest_s[count:]
        if isinstance(verdict, Lower):
            clock.lower(verdict.offset_s)
        else:
            self._jump(verdict, found)
        return rest_s

    def _accept(
        self, timestamps_s: Floats, clock: ClockFit | BurstClock, found: list[Timed | Break], *, late: bool = False
    ) -> None:
        """Give times to samples of the running block; learn from the block when it is complete."""
        start = self._filled
        self._filled += timestamps_s.size
        self._timestamps[start : self._filled] = timestamps_s
        if math.isfinite(timestamps_s[-1]):
            self._last_s = float(timestamps_s[-1])
        if late:
            if self._late is None:
                self._late = np.zeros(clock.block, dtype=np.bool_)
            self._late[start : self._filled] = np.isfinite(timestamps_s)
        self._hand_out(clock.times_s[start : self._filled], clock.error_s, found)
        if self._filled == clock.block:
            self._end_block(clock, found)

    def _end_block(self, clock: ClockFit | BurstClock, found: list[Timed | Break]) -> None:
        late, self._late, self._filled = self._late, None, 0
        lost = clock.learn(self._timestamps, late)
        self.step_s = clock.step_s
        if lost:
            self._break(lost, found)
        elif isinstance(clock, ClockFit) and clock.lateness.is_habit:
            line = BurstLine(clock.start_s, clock.step_s, clock.lateness.usual_s)
            self._set_clock(BurstClock(line, clock.block_starts_s, self._nominal_s))
        elif isinstance(clock, BurstClock) and clock.calm:
            block = self._block
            self._set_clock(ClockFit(clock.calm_line(block), block, self._nominal_s, clock.block_starts_s))

    def _hand_out(self, times_s: Floats, error_s: float, found: list[Timed | Break]) -> None:
        if times_s.size:
            found.append(Timed(self._decided, times_s, error_s))
            self._decided += times_s.size

    def _jump(self, jump: Jump, found: list[Timed | Break]) -> None:
        """Note a border where the timestamps jump, and what is known of the timestamps after it."""
        missing = round(jump.offset_s / jump.step_s) if jump.kind == "gap" else 0
        self._break(jump.kind, found, offset_s=jump.offset_s, missing=missing)

    def _break(
        self,
        kind: BreakKind,
        found: list[Timed | Break],
        *,
        offset_s: float = math.nan,
        missing: int = 0,
        skipped: int = 0,
    ) -> None:
        found.append(Break(self._decided, kind, offset_s, missing, skipped))
        self._decided += skipped
        self._begin_segment()
