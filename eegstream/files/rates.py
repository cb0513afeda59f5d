"""What time stamps tell: the sampling rate where nothing states one, and what is odd about them.

T stamps.
"""

import numpy as np
from numpy.typing import NDArray

COMMON_RATES_HZ = (
    *(50.0, 64.0, 80.0, 100.0, 120.0, 125.0, 128.0, 150.0, 160.0, 173.61, 178.0, 200.0, 220.0, 240.0, 250.0, 256.0),
    *(300.0, 400.0, 500.0, 512.0, 600.0, 1000.0, 1024.0, 1200.0, 1250.0, 2000.0, 2048.0, 2400.0, 2500.0),
    *(4000.0, 4096.0, 4800.0, 5000.0, 8000.0, 8192.0, 10000.0, 16384.0, 19200.0, 20000.0),
)
_SNAP_WITHIN = 0.005
_DEVIATES = 0.02
_JUMP_S = 0.25
_REGULAR, _JUMP_STEPS = 1.2, 8.0


def snapped_rate_hz(rate_hz: float, within: float = _SNAP_WITHIN) -> float:
    """The nearest common rate if it is near enough (0.5 %), or the rate itself."""
    nearest = min(COMMON_RATES_HZ, key=lambda common: abs(common - rate_hz) / common)
    return nearest if abs(nearest - rate_hz) <= within * nearest else rate_hz


def measured_rate_hz(times_s: NDArray[np.float64]) -> float | None:
    """Samples a second, (T - 1) / (last - first) over finite stamps; None where they do not run forward.

    Jumps either way are taken out, with the step itself: they would change a rate that never changed. In regular
    stamps a jump is a step beyond eight middle ones or below half of one, in others one beyond eight and 0.25 s.
    """
    steps_s = np.diff(times_s[np.isfinite(times_s)])
    if steps_s.size == 0:
        return None
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


def stamp_remarks(times_s: NDArray[np.float64], rate_hz: float) -> list[str]:
    """What is odd about stamps (T,) of samples that come at a nominal `rate_hz`."""
    remarks = []
    finite_s = times_s[np.isfinite(times_s)]
    if len(finite_s) < len(times_s):
        remarks.append(f"{len(times_s) - len(finite_s)} samples have no usable time stamp")
    steps_s = np.diff(finite_s)
    back = int(np.count_nonzero(steps_s < 0))
    if back:
        remarks.append(f"the time stamps run backwards in {back} places, by {-steps_s.min():.3g} s at most")
    holes_s = steps_s[steps_s > _JUMP_S + 1.0 / rate_hz]
    if holes_s.size:
        remarks.append(f"the time stamps jump forward in {holes_s.size} places, {holes_s.sum():.3g} s in all")
    measured_hz = measured_rate_hz(times_s)
    if measured_hz == rate_hz and rate_hz not in COMMON_RATES_HZ:
        remarks.append(f"the rate of {rate_hz:.6g} Hz is that of the time stamps; give --rate if another was meant")
    if measured_hz is not None and abs(measured_hz - rate_hz) > _DEVIATES * rate_hz:
        remarks.append(f"the time stamps make {measured_hz:.4g} Hz, the rate is taken as {rate_hz:g} Hz")
    return remarks
