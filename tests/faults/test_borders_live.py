"""Borders of real outlets: a counter shows losses that timestamps hide, arrivals show a clock that was set."""

from contextlib import ExitStack

import pytest

from eegstream.client import Codes, End, Gap, Spec, State
from tests.e2e.harness import Process, Recorder
from tests.e2e.warm import WarmDaemon
from tests.faults.border_sender import LOST, RATE_HZ, SECONDS

OPTIONS = {"hidden": ("--counter-channel", "Counter"), "step": (), "still": ()}


@pytest.fixture(scope="module")
def told(bundle):
    """Everything that is told of each sender by a daemon of its own; all of them at once."""
    with ExitStack() as stack:
        recorders, senders = {}, {}
        for kind, options in OPTIONS.items():
            daemon = stack.enter_context(WarmDaemon(bundle, "--select", f"name={kind}", *options))
            recorders[kind] = stack.enter_context(Recorder(daemon.url)).connected()
            senders[kind] = stack.enter_context(Process(kind, "-m", "tests.faults.border_sender", kind))
        for kind, sender in senders.items():
            sent = int(sender.wait_line(r"^sent (\d+)")[1])
            recorders[kind].wait(lambda item, n=sent: isinstance(item, State) and item.received == n)
            sender.release()
            recorders[kind].wait(lambda item: isinstance(item, End))
        yield {
            kind: recorder.of(recorder.wait(lambda item: isinstance(item, End)).stream)
            for kind, recorder in recorders.items()
        }


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_a_counter_shows_losses_that_timestamps_hide(told):
    """Three losses of five samples, each at its sample; the counter is not encoded."""
    items = told["hidden"]
    (spec,), gaps, (end,) = of(Spec, items)[:1], of(Gap, items), of(End, items)
    assert spec.channels == ("Cz",)
    assert any("counted by the channel Counter" in note for note in spec.notes)
    assert [(gap.reason, gap.missing) for gap in gaps] == [("missing", 5)] * len(LOST)
    assert [gap.received for gap in gaps] == [LOST[0], LOST[1] - LOST[0] - 5, LOST[2] - LOST[1] - 5]
    assert sum(gap.received for gap in gaps) + end.received == RATE_HZ * SECONDS - 5 * len(LOST)


def test_a_clock_that_is_set_forward_is_told_as_that(told):
    """One border, no hour of missing samples."""
    items = told["step"]
    assert [(gap.reason, gap.missing, gap.received) for gap in of(Gap, items)] == [
        ("clock", None, RATE_HZ * SECONDS // 2)
    ]
    assert len(of(Codes, items)) > 0


def test_a_stream_without_timestamps_has_no_codes(told):
    """Everything is received and discarded."""
    items = told["still"]
    assert not of(Codes, items)
    assert [(end.received, end.discarded) for end in of(End, items)] == [(RATE_HZ * SECONDS, RATE_HZ * SECONDS)]
