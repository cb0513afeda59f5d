"""Distinguish late samples, lost samples and a clock that changes.

After a loss, timestamps continue at the usual pace from a new level. After a stall they come faster, until they are
back on the old line. So a border requires an offset that stays while time passes at the usual pace.
W timestamps in a window, from the first suspicious one on; C timestamps measure a jump; all in seconds.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.lateness import Habits, pace
from eegstream.dsp.packets import is_late_line, limit_of, may_be_a_packet, timestamps_needed

_LATE_PATIENCES, _LATE_S = 3.0, 1.0
"""Samples that still come faster than the pace are late after this multiple of `patience_s` and this many seconds."""
_LONGEST_LATE_S, _BULK = 5.0, 3.0
"""Samples later than this that do not come faster than this multiple of the pace count as a loss and a new pace.
Otherwise they would stay late for longer than a listener can wait."""
_FASTER = 0.15
"""Timestamps that return to the line do so by more than this share of the time that passes."""
_UNSURE = 2.0
"""Standard deviations by which they may only seem to return."""
_COMING = 0.3
"""At the stream's end, a return by this share of the samples' own duration is enough."""
_FALL_S = 0.1
"""Timestamps that fall below the line without a step back are watched for this long."""
_MUCH_FASTER = 0.7
"""A young line's step may be too long because samples were late; the true step is at least this share of it."""
_ROUGH_S = 0.003
"""If timestamps spread by more than this, a young line is always moved."""
_FROZEN = 0.05
"""A clock that runs at less than this share of its pace stands still."""

Floats = NDArray[np.float64]
JumpKind = Literal["gap", "back", "frozen", "rate"]


@dataclass(frozen=True)
class Late:
    """The first `count` samples belong to the line."""

    count: int


@dataclass(frozen=True)
class Lower:
    """The line was too late; move it by `offset_s`."""

    offset_s: float


@dataclass(frozen=True)
class Jump:
    """A border before the first sample; `offset_s` is the offset that stays."""

    kind: JumpKind
    offset_s: float
    step_s: float
    """Seconds per sample after the border, as far as known."""


Verdict = Late | Lower | Jump | None


@dataclass(frozen=True)
class _Window:
    """The timestamps in doubt and their distances from the line."""

    timestamps_s: Floats
    error_s: Floats
    """(W,), with signs such that the first is positive."""
    confirm: int


def judge_doubt(
    timestamps_s: Floats, predicted_s: Floats, last_s: float, habits: Habits, confirm: int, longest: int | None
) -> Verdict:
    """Judge the timestamps (W,), the first of which is off the line; None if more of them are needed.

    `last_s` is the timestamp before them. `longest` is the largest W; None at the end of the stream.
    """
    error_s = timestamps_s - predicted_s
    above = error_s[0] > 0
    window = _Window(timestamps_s, error_s if above else -error_s, confirm)
    returned = window.error_s <= limit_of(float(error_s[0]), habits)
    back = int(returned.argmax()) if returned.any() else None
    verdict = _above(window, back, habits, longest) if above else _below(window, back, last_s, habits, longest is None)
    if verdict is None and longest is not None and timestamps_s.size >= longest:
        return _at_the_limit(window, habits)
    return verdict


def jump_stays(timestamps_s: Floats, error_s: Floats, habits: Habits, confirm: int) -> bool | None:
    """Whether the timestamps (W,) after a jump, `error_s` off the line before it, stay there; None if not certain."""
    window = _Window(timestamps_s, error_s, confirm)
    returned = error_s <= habits.limit_s
    if returned[0]:
        return False
    verdict = _above(window, int(returned.argmax()) if returned.any() else None, habits, timestamps_s.size)
    return None if verdict is None else isinstance(verdict, Jump)


def _above(window: _Window, back: int | None, habits: Habits, longest: int | None) -> Verdict:
    """Judge timestamps above the line: late, lost, or a slower clock."""
    seen = np.flatnonzero(np.isfinite(window.error_s[: longest if back is None else back]))
    pace_s = pace(window.timestamps_s[seen], seen, habits)
    needed = timestamps_needed(window.timestamps_s[seen], pace_s, float(window.error_s[0]), habits, window.confirm)
    verdict = _checked(window, seen, pace_s, int(np.searchsorted(seen, needed)), habits)
    if verdict is not None:
        return verdict
    if back is not None:
        return Late(back)
    return _at_the_end(window, seen, pace_s, habits) if longest is None else None


def _checked(window: _Window, seen: NDArray[np.intp], pace_s: Floats, needed: int, habits: Habits) -> Verdict:
    """Check the usable timestamps (K,) each time that the offset has stayed above the line for another patience."""
    fell, before = False, 0
    for check in range(1, math.floor(float(pace_s[-1]) / habits.patience_s + 1e-9) + 1):
        last = max(int(np.searchsorted(pace_s, check * habits.patience_s - 1e-9)), needed)
        if last >= seen.size:
            break
        if last == before:
            continue
        part = slice(before, last + 1)
        if _falls(window.error_s[seen[part]], seen[part], pace_s[part], habits):
            fell = True
            if pace_s[last] >= max(_LATE_S, _LATE_PATIENCES * habits.patience_s):
                if _is_another_pace(window, seen[: last + 1], pace_s[: last + 1], habits):
                    return _gap(window, habits)
                return Late(int(seen[last]) + 1)
        else:
            return _stays(window, seen[: last + 1], part if fell else None, habits)
        before = last
    return None


def _is_another_pace(window: _Window, seen: NDArray[np.intp], pace_s: Floats, habits: Habits) -> bool:
    """Whether the usable timestamps (K,) are too late, and return too slowly, to be delayed samples."""
    ran = habits.step_s * float(seen[-1] - seen[0]) / float(pace_s[-1] - pace_s[0])
    return float(window.error_s[0]) > _LONGEST_LATE_S and ran < _BULK


def _falls(error_s: Floats, places: NDArray[np.intp], pace_s: Floats, habits: Habits) -> bool:
    """Whether the samples (K,) came faster than the stream's pace."""
    passed_s = float(pace_s[-1] - pace_s[0])
    ahead_s = habits.step_s * float(places[-1] - places[0]) - passed_s
    if ahead_s > _FASTER * passed_s + _UNSURE * habits.spread_s + habits.interval_s:
        return True
    if not habits.interval_s:
        return False
    error_s, pace_s = error_s[:-1], pace_s[:-1]  # the last one starts a burst, or follows a stall
    passed_s = float(pace_s[-1] - pace_s[0])
    half = int(np.searchsorted(pace_s, (pace_s[0] + pace_s[-1]) / 2))
    return bool(half) and bool(error_s[half:].min() < error_s[:half].min() - _FASTER * passed_s - habits.interval_s / 4)


def _stays(window: _Window, seen: NDArray[np.intp], lately: slice | None, habits: Habits) -> Verdict:
    """Judge a loss, or a slower clock; `lately` are the timestamps that no longer fall, after others fell."""
    error_s = window.error_s[seen]
    if may_be_a_packet(float(error_s[0]), habits):
        largest = int(np.argmax(error_s[1:] - error_s[:-1])) + 1
        if error_s[largest] - error_s[largest - 1] > error_s[0]:  # a late packet before the loss
            return Late(int(seen[largest]))
    if habits.interval_s:
        return Jump("gap", float(error_s.min()), habits.step_s)
    if lately is not None:
        return Jump("gap", float(np.median(error_s[lately])), habits.step_s)
    rise_s, rough_s, unsure_s = trend(error_s, seen)
    if _is_line(error_s, rise_s, rough_s, unsure_s, habits):
        return Jump("rate", float(error_s[0]), habits.step_s + rise_s / float(seen[-1] - seen[0]))
    return _gap(window, habits)


def _gap(window: _Window, habits: Habits) -> Jump:
    return Jump("gap", float(np.nanmean(window.error_s[: window.confirm + 1])), habits.step_s)


def trend(error_s: Floats, places: NDArray[np.intp]) -> tuple[float, float, float]:
    """The rise of the deviations (K,) from end to end, their rms about that line, and its uncertainty (3.5 sigma)."""
    x = places - places.mean()
    slope = float((x * error_s).sum() / max(float((x * x).sum()), 1.0))
    rest_s = error_s - error_s.mean() - slope * x
    rough_s = math.sqrt(float((rest_s * rest_s).mean()))
    return slope * float(places[-1] - places[0]), rough_s, 12 * rough_s / math.sqrt(error_s.size)


def _is_line(error_s: Floats, change_s: float, rough_s: float, unsure_s: float, habits: Habits) -> bool:
    """Whether the deviations grow steadily from the usual ones: then the pace changed and there was no jump."""
    begins_s = float(np.median(error_s[:3])) - habits.limit_s
    return (
        change_s > 0.5 * habits.step_s + 2 * habits.spread_s + unsure_s
        and rough_s < 0.04 * change_s + 1.2 * habits.spread_s
        and begins_s < 0.25 * change_s + 2 * habits.step_s
    )


def _below(window: _Window, back: int | None, last_s: float, habits: Habits, ended: bool) -> Verdict:
    """Judge timestamps below the line: a step back, a clock that stands still or runs faster, or a late line."""
    timestamps_s, first = window.timestamps_s, window.confirm + 1
    if back is not None and back < first:
        return Late(back)
    if timestamps_s.size < first and not ended:
        return None
    near_s = window.error_s[:first]
    offset_s = -float(np.nanmean(near_s))
    still = timestamps_s[:first].size > 1 and bool((timestamps_s[:first] == timestamps_s[0]).all())
    if not still and timestamps_s[0] < last_s - max(habits.interval_s, 4 * habits.spread_s):
        return Lower(offset_s) if is_late_line(offset_s, habits) else Jump("back", offset_s, habits.step_s)
    if habits.interval_s:
        return Lower(-float(np.nanmax(near_s)))
    if still and not habits.young:
        return Jump("frozen", offset_s, habits.step_s)
    return _falling(window, back, offset_s, still, habits, ended)


def _falling(window: _Window, back: int | None, offset_s: float, still: bool, habits: Habits, ended: bool) -> Verdict:
    count = max(window.confirm + 1, math.ceil(_FALL_S / habits.step_s))
    if back is not None and back < count:
        return Late(back)
    if window.timestamps_s.size < count and not ended:
        return None
    seen = np.flatnonzero(np.isfinite(window.error_s[:count]))
    if ended and seen.size < count:
        return Jump("frozen" if still else "back", offset_s, habits.step_s)
    fall_s, rough_s, unsure_s = trend(window.error_s[seen], seen)
    if _is_line(window.error_s[seen], fall_s, rough_s, unsure_s, habits):
        step_s = habits.step_s - fall_s / float(seen[-1] - seen[0])
        if habits.young and (step_s > _MUCH_FASTER * habits.step_s or habits.spread_s > _ROUGH_S):
            return Lower(-float(window.error_s[seen].max()))
        return Jump("rate" if step_s > _FROZEN * habits.step_s else "frozen", offset_s, step_s)
    return Lower(-float(window.error_s[seen].max()))


def _at_the_end(window: _Window, seen: NDArray[np.intp], pace_s: Floats, habits: Habits) -> Verdict:
    """Decide without later timestamps: it is a jump, unless the timestamps were coming back."""
    span_s = habits.step_s * float(seen[-1] - seen[0])
    coming = span_s - float(pace_s[-1]) >= _COMING * span_s
    if habits.interval_s or coming or may_be_a_packet(float(window.error_s[0]), habits):
        return Late(window.error_s.size)
    return _gap(window, habits)


def _at_the_limit(window: _Window, habits: Habits) -> Verdict:
    """Decide because no more timestamps can be held."""
    error_s = window.error_s[np.isfinite(window.error_s)]
    half = error_s.size // 2
    if half and error_s[half:].min() < error_s[:half].min() - habits.limit_s:
        return Late(window.error_s.size)
    return _gap(window, habits)
