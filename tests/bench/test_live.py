"""A patch is compared with the push of the chunk that held its last needed sample."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.bench import capacity
from eegstream.bench.live import Heard, LiveResult, Load, added_s
from eegstream.bench.spread import Spread
from eegstream.bench.usage import Usage
from eegstream.errors import EegstreamError


def heard(patch: int, hop: int, model_rate_hz: float | None, rate_hz: float, delay_s: float) -> Heard:
    spec = SimpleNamespace(patch=patch, hop=hop, model_rate_hz=model_rate_hz, rate_hz=rate_hz, delay_s=delay_s)
    return Heard(spec=spec)  # type: ignore[arg-type]


@given(
    chunk=st.integers(1, 40),
    rate_hz=st.sampled_from([100, 250, 256, 500, 1000]),
    patches=st.integers(1, 20),
    added=st.floats(0, 0.5),
)
def test_what_a_program_adds_is_found(chunk: int, rate_hz: int, patches: int, added: float) -> None:
    """Codes that come so long after the chunk with the last of their samples have that latency, at any rate."""
    load = Load(1, 4, rate_hz, chunk, 60)
    stream = heard(256, 256, None, rate_hz, 0.0)
    needed = [(n * 256 + 255) // chunk for n in range(patches)]
    pushed_s = 100.0 + np.arange(max(needed) + 2) * chunk / rate_hz
    stream.codes = [(pushed_s[at] + added, n, 1) for n, at in enumerate(needed)]
    assert added_s(stream, load, pushed_s) == pytest.approx(np.full(patches, added), abs=1e-9)


def test_the_resampler_s_delay_is_not_counted() -> None:
    """A patch at 256 Hz of a stream of 1000 Hz needs 9 / 256 s of samples after its last one."""
    load = Load(1, 4, 1000, 1, 10)
    stream = heard(256, 256, 256.0, 1000.0, 9 / 256)
    pushed_s = np.arange(3000) / 1000
    last = int(np.ceil((255 / 256 + 9 / 256) * 1000))
    stream.codes = [(last / 1000 + 0.004, 0, 1)]
    assert added_s(stream, load, pushed_s) == pytest.approx([0.004])


def test_several_patches_in_a_message_need_the_last_one_s_samples() -> None:
    """A message of three patches cannot come before the third."""
    load = Load(1, 4, 256, 1, 10)
    stream = heard(256, 128, None, 256.0, 0.0)
    stream.codes = [((255 + 2 * 128) / 256 + 0.01, 0, 3)]
    assert added_s(stream, load, np.arange(2560) / 256) == pytest.approx([0.01])


def test_codes_before_their_samples_are_an_error() -> None:
    """Clocks that differ give no figures."""
    stream = heard(256, 256, None, 256.0, 0.0)
    stream.codes = [(0.5, 0, 1)]
    with pytest.raises(EegstreamError, match="codes came before their last sample"):
        added_s(stream, Load(1, 4, 256, 1, 10), np.arange(2560) / 256)


def outcome(p99_ms: float = 9.0, late_ms: float = 5.0, lost: int = 0, missing: int = 0, streams: int = 8) -> LiveResult:
    """A daemon's result: its tail, the median of the second half, and losses."""
    spread = Spread(100, 5.0, 8.0, p99_ms, 20.0)
    second = Spread(50, late_ms, 8.0, p99_ms, 20.0)
    return LiveResult(Load(streams), 100, spread, spread, second, 0, lost, missing, Usage(0.1, 100.0))


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (outcome(), None),
        (outcome(p99_ms=251.0), "1 % of the codes were later than 250 ms"),
        (outcome(lost=3), "3 messages and 0 samples were lost"),
        (outcome(missing=40), "0 messages and 40 samples were lost"),
        (outcome(late_ms=60.0), "the delay grew from 5 to 60 ms"),
        (outcome(late_ms=9.0), None),
    ],
)
def test_a_load_is_carried_or_it_is_said_why_not(result: LiveResult, why: str | None) -> None:
    """Nothing lost, codes in time, and no growing delay."""
    told = capacity.why_not_carried(result)
    assert told == why if why is None else told is not None and told.startswith(why)


@pytest.mark.parametrize(("most", "carried", "asked"), [(64, 100, [8, 16, 32, 64]), (64, 20, [8, 16, 32]), (5, 9, [5])])
def test_capacity_doubles_until_a_load_is_not_carried(most: int, carried: int, asked: list[int]) -> None:
    """The last result is the first that was not carried, or the most that was asked for."""
    shown: list[LiveResult] = []
    found = capacity.steps(most, lambda n: outcome(p99_ms=9.0 if n <= carried else 999.0, streams=n), shown.append)
    assert [result.load.streams for result in found] == asked
    assert shown == found
