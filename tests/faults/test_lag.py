"""A daemon that is held up, and a stream that falls silent: how old codes are, what is dropped, what is told."""

import signal
import sys
import time

import pytest

from eegstream.client import Codes, End, Gap, State
from tests.e2e.harness import Daemon, OutletPlan, Recorder, outlet
from tests.e2e.warm import WarmDaemon
from tests.faults.expect import codes_heard
from tests.faults.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")

HELD_S = 3.0


def hold_up(daemon: Daemon) -> None:
    """Let the daemon not run for a while."""
    daemon.send(signal.SIGSTOP)
    time.sleep(HELD_S)
    daemon.send(signal.SIGCONT)


def heard_after_a_hold(bundle, *options: str) -> tuple[list, list[State], int]:
    """The sequenced messages and the states of a stream whose daemon was held up; the number of samples sent."""
    plan = OutletPlan("held", "held-1", rate_hz=250.0, seconds=100.0)
    with WarmDaemon(bundle, *options) as daemon, Recorder(daemon.url) as recorder, outlet(plan) as process:
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, Codes) and item.first >= 4)
        recorded = len(recorder.items)
        hold_up(daemon)
        recorder.wait(lambda item: isinstance(item, Codes) and item.first >= 4, since=recorded)
        recorder.wait(lambda item: isinstance(item, State) and item.lag_s is not None, since=len(recorder.items))
        sent = process.enough()
        recorder.wait(lambda item: isinstance(item, State) and item.stream == stream and item.received == sent)
        daemon.send(signal.SIGTERM)
        recorder.wait(lambda item: isinstance(item, End))
        assert daemon.wait() == 0
        return recorder.of(stream), recorder.states(stream), sent


def test_live_codes_leave_out_what_is_too_old(bundle):
    """Samples that waited longer than --max-lag-s are dropped and told; what comes next is young again."""
    with Machine() as machine:
        heard, states, sent = heard_after_a_hold(bundle, "--max-lag-s", "1")
    gaps = [item for item in heard if isinstance(item, Gap)]
    accounts = [item for item in heard if isinstance(item, Gap | End)]
    assert [gap.reason for gap in gaps] == ["overflow"]
    assert sum(account.received for account in accounts) == sent
    dropped = max(state.dropped for state in states)
    assert (HELD_S - 1.5) * 250 < dropped < (HELD_S + 3.0) * 250
    assert any("behind" in (state.why or "") for state in states)
    assert states[-1].lag_s < 1.0 + 3 * machine.pause_s


def test_complete_codes_leave_out_nothing_and_tell_their_age(bundle):
    """With --when-behind complete all is encoded, and the lag says how old it was."""
    heard, states, sent = heard_after_a_hold(bundle, "--when-behind", "complete", "--max-lag-s", "1")
    assert not [item for item in heard if isinstance(item, Gap)]
    (end,) = [item for item in heard if isinstance(item, End)]
    assert end.received == sent
    assert len(codes_heard(heard, epoch=0)) == end.emitted
    assert max(state.dropped for state in states) == 0


def test_a_silent_stream_is_told_within_a_second(bundle):
    """`stalled` comes a second after the next chunk was due, not with the next round of states."""
    plan = OutletPlan("silent", "silent-1", rate_hz=250.0, seconds=2.0)
    with (
        WarmDaemon(bundle) as daemon,
        Recorder(daemon.url) as recorder,
        Machine() as machine,
        outlet(plan) as process,
    ):
        stream = recorder.stream_of(plan.name)
        process.wait_line(r"^sent ")
        sent_s = time.monotonic()

        def stalled(item: object) -> bool:
            return isinstance(item, State) and item.stream == stream and item.status == "stalled"

        told_s, state = recorder.wait_timed(stalled)
    assert told_s - sent_s < 2.0 + 3 * machine.pause_s
    assert state.why is not None
