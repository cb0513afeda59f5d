"""Measure the sampling rate from timestamps, if the file states none, and describe unusual timestamps.

T timestamps.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.rates import COMMON_RATES_HZ, snapped_rate_hz

__all__ = ["COMMON_RATES_HZ", "measured_rate_hz", "snapped_rate_hz", "timestamp_remarks"]

_DEVIATES = 0.02
_JUMP_S = 0.25
_REGULAR, _JUMP_STEPS = 1.2, 8.0
_FASTEST_HZ, _BURST_PACE = 2500.0, 10.0
_LOST_BELOW = 0.75


def measured_rate_hz(times_s: NDArray[np.float64]) -> float | None:
    """Samples per second, (T - 1) / (last - first) over finite timestamps; None if these do not run forward.

    Steps with a jump, forward or back, are excluded, because they would falsify the rate. In regular timestamps a
    jump is a step above 8 times or below half the median step; in others, a step above 8 times the median and 0.25 s.
    Timestamps of samples that came together are counted from one arrival to the next.
    """
    finite_s = times_s[np.isfinite(times_s)]
    steps_s = np.diff(finite_s)
    if steps_s.size == 0:
        return None
    arrivals = _arrivals(finite_s, steps_s)
    if arrivals is not None:
        return _rate_of_arrivals_hz(arrivals, finite_s)
    sizes_s = np.abs(steps_s)
    middle_s, large_s = np.quantile(sizes_s, [0.5, 0.95])
    regular = 0 < large_s <= _REGULAR * middle_s
    limit_s = _JUMP_STEPS * float(middle_s)
    usual = sizes_s <= (limit_s if regular else max(_JUMP_S, limit_s))
    if regular:
        usual &= steps_s > middle_s / 2
    usual_s = steps_s[usual]
    span_s = float(usual_s.sum())
    return usual_s.size / span_s if span_s > 0 else None


def _arrivals(times_s: NDArray[np.float64], steps_s: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Positions of the first sample of each burst but the first; None if samples did not come in bursts.

    Within a burst, samples come at least ten times as fast as on average, and faster than any EEG is sampled.
    """
    large = steps_s > _JUMP_STEPS * float(np.median(np.abs(steps_s)))
    positions = np.flatnonzero(large) + 1
    span_s = times_s[-1] - times_s[0]
    if len(positions) < 3 or span_s <= 0:
        return None
    inside_s = np.abs(steps_s[~large]).sum()
    least_hz = max(_FASTEST_HZ, _BURST_PACE * len(times_s) / span_s)
    return positions if inside_s * least_hz < np.count_nonzero(~large) else None


def _rate_of_arrivals_hz(positions: NDArray[np.intp], times_s: NDArray[np.float64]) -> float | None:
    """Samples per second between arrivals: samples before a step for a coarse clock, samples after it for bursts.

    A burst that comes late with too few samples has lost some; it is excluded.
    """
    counts, spans_s = np.diff(np.append(positions, len(times_s))), np.diff(times_s[positions])
    fits = [_pace(counts[:-1], spans_s), _pace(counts[1:], spans_s)]
    return min(fits, key=lambda fit: fit[1])[0]


def _pace(counts: NDArray[np.intp], spans_s: NDArray[np.float64]) -> tuple[float | None, float]:
    """Samples per second if `counts` came in `spans_s`, and the mean error of that rate in samples."""
    counts, spans_s = counts[spans_s > 0], spans_s[spans_s > 0]
    if not counts.size:
        return None, np.inf
    usual = (spans_s <= _JUMP_S) | (counts / spans_s >= _LOST_BELOW * np.median(counts / spans_s))
    rate_hz = float(counts[usual].sum() / spans_s[usual].sum())
    return rate_hz, float(np.mean(np.abs(counts[usual] - rate_hz * spans_s[usual])))


def _holes_s(times_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Length of each hole in finite timestamps, less the duration of the samples that came together next to it."""
    steps_s = np.diff(times_s)
    at = np.flatnonzero(steps_s > _JUMP_S + 1.0 / rate_hz)
    first, last = np.concatenate([[0], at + 1]), np.concatenate([at, [len(times_s) - 1]])
    own_s = (last - first + 1) / rate_hz - np.maximum(times_s[last] - times_s[first], 0.0)
    own_s = np.maximum(own_s, 1.0 / rate_hz)
    holes_s: NDArray[np.float64] = steps_s[at] - np.maximum(own_s[:-1], own_s[1:])
    return holes_s[holes_s > _JUMP_S]


def timestamp_remarks(times_s: NDArray[np.float64], rate_hz: float) -> list[str]:
    """Remarks on timestamps (T,) of samples with the nominal rate `rate_hz`."""
    remarks = []
    finite_s = times_s[np.isfinite(times_s)]
    if len(finite_s) < len(times_s):
        remarks.append(f"{len(times_s) - len(finite_s)} samples have no usable timestamp")
    steps_s = np.diff(finite_s)
    back = int(np.count_nonzero(steps_s < 0))
    if back:
        remarks.append(f"the timestamps run backwards in {back} places, by {-steps_s.min():.3g} s at most")
    holes_s = _holes_s(finite_s, rate_hz) if steps_s.size else steps_s
    if holes_s.size:
        remarks.append(f"the timestamps jump forward in {holes_s.size} places, {holes_s.sum():.3g} s in all")
    measured_hz = measured_rate_hz(times_s)
    if measured_hz == rate_hz and rate_hz not in COMMON_RATES_HZ:
        remarks.append(f"the rate of {rate_hz:.6g} Hz is that of the timestamps; give --rate if another was meant")
    if measured_hz is not None and abs(measured_hz - rate_hz) > _DEVIATES * rate_hz:
        remarks.append(f"the timestamps show {measured_hz:.4g} Hz, the rate is taken as {rate_hz:g} Hz")
    return remarks
