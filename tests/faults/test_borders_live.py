"""Borders of real outlets: a counter shows losses that timestamps hide, arrivals show a clock that was set."""

from eegstream.client import Codes, End, Gap, Spec
from tests.e2e.harness import Daemon, Process, Recorder
from tests.faults.border_sender import LOST, RATE_HZ, SECONDS


def sent(bundle, kind, *options):
    """Everything that is told of one sender."""
    with Daemon(bundle, "--select", f"name={kind}", *options) as daemon, Recorder(daemon.url) as recorder:
        recorder.connected()
        with Process("sender", "-m", "tests.faults.border_sender", kind) as sender:
            sender.wait_line("^sent")
            sender.release()
            end = recorder.wait(lambda item: isinstance(item, End))
        return recorder.of(end.stream)


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_a_counter_shows_losses_that_timestamps_hide(bundle):
    """Three losses of five samples, each at its sample; the counter is not encoded."""
    items = sent(bundle, "hidden", "--counter-channel", "Counter")
    (spec,), gaps, (end,) = of(Spec, items)[:1], of(Gap, items), of(End, items)
    assert spec.channels == ("Cz",)
    assert any("counted by the channel Counter" in note for note in spec.notes)
    assert [(gap.reason, gap.missing) for gap in gaps] == [("missing", 5)] * len(LOST)
    assert [gap.received for gap in gaps] == [LOST[0], LOST[1] - LOST[0] - 5, LOST[2] - LOST[1] - 5]
    assert sum(gap.received for gap in gaps) + end.received == RATE_HZ * SECONDS - 5 * len(LOST)


def test_a_clock_that_is_set_forward_is_told_as_that(bundle):
    """One border, no hour of missing samples."""
    items = sent(bundle, "step")
    assert [(gap.reason, gap.missing, gap.received) for gap in of(Gap, items)] == [
        ("clock", None, RATE_HZ * SECONDS // 2)
    ]
    assert len(of(Codes, items)) > 0


def test_a_stream_without_timestamps_has_no_codes(bundle):
    """Everything is received and discarded."""
    items = sent(bundle, "still")
    assert not of(Codes, items)
    assert [(end.received, end.discarded) for end in of(End, items)] == [(RATE_HZ * SECONDS, RATE_HZ * SECONDS)]
