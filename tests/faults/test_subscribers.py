"""What subscribers do to a daemon, and it to them."""

import signal
import time
from contextlib import ExitStack

import numpy as np

from eegstream.client import Codes, End, Loss, Spec
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan, Process, Recorder, outlet
from tests.faults.expect import codes_heard, codes_of
from tests.faults.machine import Machine
from tests.identity_bundle import digest


def is_spec(stream):
    """A predicate: a spec of this stream."""
    return lambda item: isinstance(item, Spec) and item.stream == stream


def is_end(stream):
    """A predicate: the end of an epoch of this stream."""
    return lambda item: isinstance(item, End) and item.stream == stream


def test_a_late_subscriber_gets_the_spec_at_once(daemon, recorder):
    """Not with the next repetition: three in a row have it within a second, each before any codes."""
    with outlet(OutletPlan("early", "early-1", seconds=60.0)):
        stream = recorder.stream_of("early")
        original = recorder.wait(is_spec(stream))
        for _ in range(3):
            began_s = time.monotonic()
            with Machine() as machine, Recorder(daemon.url, stream) as late:
                came_s, spec = late.wait_timed(lambda item: isinstance(item, Spec))
                assert spec == original
                codes = late.wait(lambda item: isinstance(item, Codes))
                assert late.items.index(spec) < late.items.index(codes)
                assert not [item for item in late.items if isinstance(item, Loss)]
            assert came_s - began_s < 1.5 + 3 * machine.pause_s


def test_a_spec_is_repeated_unchanged(daemon, recorder):
    """Every few seconds, with the same `seq`, for those who join by other ways."""
    with outlet(OutletPlan("again", "again-1", seconds=60.0)):
        stream = recorder.stream_of("again")
        first = recorder.wait(is_spec(stream))
        assert recorder.wait(is_spec(stream), since=len(recorder.items)) == first


def test_a_subscriber_that_does_not_read_holds_nobody_up(daemon, recorder, bundle, tmp_path):
    """While one is frozen the others get everything in time; the frozen one asks again for what it missed."""
    plan = OutletPlan("flood", "flood-1", labels=tuple(f"E{n}" for n in range(16)), seconds=440.0, speed=60.0)
    with Machine() as machine, ExitStack() as stack:
        frozen = stack.enter_context(
            Process(
                "record", "-m", "eegstream", "record", "-o", str(tmp_path / "f.codes.mcap"), "--connect", daemon.url
            )
        )
        frozen.wait_line("^recording ")
        source = stack.enter_context(outlet(plan))
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, Codes) and item.stream == stream)
        frozen.send(signal.SIGSTOP)
        received = round(plan.seconds * plan.rate_hz)
        recorder.wait(lambda item: item.kind == "state" and (item.stream, item.received) == (stream, received))
        frozen.send(signal.SIGCONT)
        frozen.wait_line(rf"{stream}: \d+ messages missed from seq \d+ on, fetched again")
        source.release()
        end = recorder.wait(is_end(stream))
        assert frozen.stop() == 0
    heard = recorder.of(stream)
    assert not [item for item in heard if isinstance(item, Loss)]
    assert len(codes_heard(heard, epoch=0)) == end.emitted
    assert max(state.lag_s for state in recorder.states(stream) if state.lag_s is not None) < 1.0 + 3 * machine.pause_s
    assert {state.dropped for state in recorder.states(stream)} == {0}
    wanted = codes_of(Tokenizer.load(str(bundle), "cpu", sha256=digest(bundle)), plan, stop=100 * 64)
    np.testing.assert_array_equal(codes_heard(heard, epoch=0)[: len(wanted)], wanted)
