"""Sampling rates of devices."""

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 0.5, 50_000.0
"""Lowest and highest sampling rate of a stream."""

COMMON_RATES_HZ = (
    *(50.0, 64.0, 80.0, 100.0, 120.0, 125.0, 128.0, 150.0, 160.0, 173.61, 178.0, 200.0, 220.0, 240.0, 250.0, 256.0),
    *(300.0, 400.0, 500.0, 512.0, 600.0, 1000.0, 1024.0, 1200.0, 1250.0, 2000.0, 2048.0, 2400.0, 2500.0),
    *(4000.0, 4096.0, 4800.0, 5000.0, 8000.0, 8192.0, 10000.0, 16384.0, 19200.0, 20000.0),
)
"""Rates of common devices, in Hz."""

_SNAP_WITHIN = 0.005


def snapped_rate_hz(rate_hz: float, within: float = _SNAP_WITHIN) -> float:
    """The nearest common rate if it lies within the share `within` (0.5 %), else the rate itself."""
    nearest = min(COMMON_RATES_HZ, key=lambda common: abs(common - rate_hz) / common)
    return nearest if abs(nearest - rate_hz) <= within * nearest else rate_hz


def measured_rate(rate_hz: float) -> float:
    """Round a rate that was measured over a few seconds: to a common rate if one is near, else to 0.1 Hz."""
    snapped = snapped_rate_hz(rate_hz)
    return snapped if snapped != rate_hz else max(round(rate_hz, 1), 0.1)
