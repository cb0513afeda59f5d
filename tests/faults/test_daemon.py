"""How a daemon ends, and how it fares alone; each test has a daemon of its own, and no other listens to its outlet."""

import signal

import numpy as np

from eegstream.client import Codes, End
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan, Recorder, outlet
from tests.e2e.warm import WarmDaemon
from tests.faults.expect import codes_heard, codes_of, covered
from tests.identity_bundle import digest


def test_a_daemon_that_is_stopped_flushes_and_says_end(bundle):
    """Every patch of what was received is out, the ledger adds up, and the exit status is 0."""
    plan = OutletPlan("flushed", "flushed-1", rate_hz=250.0, seconds=60.0)
    with WarmDaemon(bundle) as daemon, Recorder(daemon.url) as recorder, outlet(plan):
        recorder.connected()
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, Codes) and item.first >= 2)
        daemon.send(signal.SIGTERM)
        end = recorder.wait(lambda item: isinstance(item, End))
        assert daemon.wait() == 0
        heard = codes_heard(recorder.of(stream), epoch=0)
        np.testing.assert_array_equal(
            heard, codes_of(Tokenizer.load(str(bundle), "cpu", sha256=digest(bundle)), plan, stop=end.received)
        )
        assert (end.reason, end.emitted) == ("shutdown", len(heard))
        assert end.discarded == end.received - covered(end.emitted, plan.rate_hz)


def test_a_daemon_without_subscribers_works_on(bundle):
    """Nobody listens while a stream is encoded; who comes later finds the counters right."""
    plan = OutletPlan("unheard", "unheard-1", seconds=2.0)
    with WarmDaemon(bundle) as daemon, outlet(plan) as process:
        process.wait_line(r"^sent ")
        with Recorder(daemon.url) as recorder:
            state = recorder.wait(
                lambda item: item.kind == "state" and item.received == 512 and item.stream != "daemon"
            )
            assert state.encoded == len(plan.labels) * (512 // 64)
