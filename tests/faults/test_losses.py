"""A subscriber learns of every message that it missed."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.client import Codes, Loss, LossTracker, State, Subscriber
from eegstream.listening import losses
from eegstream.pubsub.publisher import open_publisher
from tests.faults.machine import Machine

RUN = "0123456789abcdef"


def codes(seq: int, stream: str = "s-000000", run: str = RUN) -> Codes:
    """A small message."""
    return Codes(
        stream=stream, run=run, epoch=0, seq=seq, segment=0, first=seq, shape=(1, 1, 1), codes=b"\0\0", flags=b"\0",
        t=(0.0,), clock_offset=None, clock_error=None, arrived=0.0,
    )  # fmt: skip


def state(last_seq: int | None, stream: str = "s-000000", run: str = RUN) -> State:
    """A stream's state."""
    return State(
        stream=stream, run=run, epoch=0, last_seq=last_seq, status="live", why=None, received=0, encoded=0, lag_s=None,
        dropped=0, segment=0, t=0.0, rate_measured_hz=None,
    )  # fmt: skip


@given(sent=st.integers(1, 40), data=st.data())
@settings(deadline=None, derandomize=True)
def test_heard_and_lost_are_all_that_was_sent(sent, data):
    """From the first message heard on, whatever is lost and however states lie in between, nothing is unaccounted."""
    kept = sorted(data.draw(st.sets(st.integers(0, sent - 1), min_size=1)))
    states = data.draw(st.sets(st.integers(0, sent - 1)))
    tracker, lost = LossTracker(), []
    for seq in range(sent):
        heard = [codes(seq)] if seq in kept else []
        heard += [state(seq)] if seq in states and seq >= kept[0] else []
        for message in heard:
            if (loss := tracker.check(message)) is not None:
                assert loss.count > 0
                lost += range(loss.first_seq, loss.first_seq + loss.count)
    last_word = max([*kept, *(seq for seq in states if seq >= kept[0])])
    assert sorted([*kept, *lost]) == list(range(kept[0], last_word + 1))


@given(order=st.lists(st.sampled_from(["a", "b"]), max_size=30))
@settings(deadline=None, derandomize=True)
def test_streams_are_counted_apart(order):
    """What interleaves without a loss is no loss."""
    tracker, next_seq = LossTracker(), {"a": 0, "b": 0}
    for stream in order:
        assert tracker.check(codes(next_seq[stream], stream)) is None
        next_seq[stream] += 1


def test_a_new_run_counts_from_zero():
    """A daemon that started again is no loss, unless its first messages are missing."""
    tracker, other = LossTracker(), "f" * 16
    assert tracker.check(codes(7)) is None
    assert tracker.check(codes(0, run=other)) is None
    assert tracker.check(codes(3, run=other)) == Loss("s-000000", other, 1, 2)


def test_a_subscriber_that_reads_too_late_is_told_what_it_lost():
    """Real sockets: the publisher never waits, the queues overflow, and heard plus lost is all that was sent."""
    sent, padding = 40_000, b"\0" * 2048
    with (
        Machine() as machine,
        open_publisher("tcp://127.0.0.1:*") as publisher,
        Subscriber(publisher.url) as subscriber,
    ):
        while subscriber.receive(0.01) is None:
            publisher.welcome_newcomers()
            publisher.publish(state(None))
        longest_s = 0.0
        for seq in range(sent):
            message = codes(seq).model_copy(update={"shape": (1, 1, 1024), "codes": padding})
            started_s = time.monotonic()
            publisher.publish(message)
            longest_s = max(longest_s, time.monotonic() - started_s)
        heard, lost = 0, 0
        while heard + lost < sent:
            publisher.publish(state(sent - 1))
            while (item := subscriber.receive(0.1)) is not None:
                heard += isinstance(item, Codes)
                lost += item.count if isinstance(item, Loss) else 0
        assert heard + lost == sent
        assert lost > 0
    assert longest_s < 1.0 + machine.pause_s


def test_names_that_change_each_time_are_not_kept_for_ever(monkeypatch):
    """The streams heard last are kept in mind; one that was forgotten is like one that was never heard."""
    monkeypatch.setattr(losses, "_MOST_STREAMS", 5)
    tracker = LossTracker()
    for number in range(100):
        assert tracker.check(codes(3, f"s-{number:06}")) is None
        assert tracker.check(codes(number, "steady")) is None
    assert len(tracker._streams) == 5
    assert tracker.check(codes(103, "steady")) == Loss("steady", RUN, 100, 3)
