"""How many streams a daemon carries on this machine."""

from collections.abc import Callable

from eegstream.bench.live import LiveResult

MOST_P99_MS = 250.0
_FIRST = 8
_GROWTH = 1.5
"""A daemon whose median delay grows by more than this from the first half of the time to the second falls behind."""
_SMALL_MS = 20.0
"""Growth below this is no sign of anything."""


def why_not_carried(result: LiveResult) -> str | None:
    """What a daemon did not manage, or None if it carried the load."""
    if result.lost or result.gaps or result.missing:
        return f"{result.lost} messages and {result.missing} samples were lost, with {result.gaps} gaps"
    if result.added.p99_ms > MOST_P99_MS:
        return f"1 % of the codes were later than {MOST_P99_MS:g} ms"
    early_ms, late_ms = result.first_half.median_ms, result.second_half.median_ms
    if late_ms > max(_GROWTH * early_ms, early_ms + _SMALL_MS):
        return f"the delay grew from {early_ms:.0f} to {late_ms:.0f} ms"
    return None


def steps(most: int, measure: Callable[[int], LiveResult], show: Callable[[LiveResult], object]) -> list[LiveResult]:
    """Measure 8 streams, then twice as many each time, up to `most`, until they are not carried."""
    results = []
    streams = min(_FIRST, most)
    while True:
        results.append(measure(streams))
        show(results[-1])
        if why_not_carried(results[-1]) is not None or streams >= most:
            return results
        streams = min(2 * streams, most)
