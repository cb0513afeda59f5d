"""Streams that come and go under ever new names: bounded memory, and no number used twice."""

import numpy as np

from eegstream.daemon.past import _MOST_LOST, _MOST_NAMES, PastStreams
from eegstream.daemon.streams import LiveStream

OPEN = object()
"""Stands for what follows an outlet; only whether there is one counts here."""


class Run:
    """A run's streams, of which one at a time is read."""

    def __init__(self) -> None:
        self.past = PastStreams()
        self.streams: dict[str, LiveStream] = {}
        self.used: set[tuple[str, int]] = set()
        self.epochs: set[tuple[str, int]] = set()
        self.now_s = 0.0

    def live(self, name: str, messages: int) -> LiveStream:
        """A stream comes, sends messages, each with one sample, and leaves."""
        stream = self.streams.get(name) or self.past.recall(name)
        self.streams[name] = stream
        stream.following = OPEN
        assert (name, stream.epochs) not in self.epochs
        self.epochs.add((name, stream.epochs))
        stream.epochs += 1
        for _ in range(messages):
            seq = stream.next_seq()
            assert (name, seq) not in self.used
            self.used.add((name, seq))
            stream.received += 1
        self.now_s += 1.0
        stream.detach("gone", self.now_s)
        self.past.retire(self.streams)
        return stream

    @property
    def received(self) -> int:
        return self.past.total.received + sum(stream.received for stream in self.streams.values())


def test_a_stream_that_returns_within_the_remembered_names_goes_on():
    """Its numbers have no hole, however long it was told of no more."""
    run = Run()
    run.live("device", 5)
    for number in range(_MOST_NAMES):
        run.live(f"visitor-{number}", 1)
    stream = run.live("device", 3)
    assert (stream.epochs, stream.last_seq, stream.received) == (2, 7, 8)
    assert run.received == 8 + _MOST_NAMES


def test_no_number_is_used_twice_and_memory_is_bounded():
    """Names beyond all bounds, some of which return: none is refused, and totals count every sample."""
    run, chance = Run(), np.random.default_rng(0)
    names = [f"stream-{number}" for number in range(2 * _MOST_NAMES)]
    sent = 0
    for number in range(3 * _MOST_NAMES):
        name = names[number] if number < len(names) else names[chance.integers(len(names))]
        messages = int(chance.integers(4))
        run.live(name, messages)
        sent += messages
        assert len(run.past) <= _MOST_NAMES
        assert len(run.streams) <= _MOST_LOST + 1
    assert run.received == sent


def test_names_that_were_never_forgotten_begin_at_zero():
    """The wire's count from 0 holds in every run that meets fewer names than are remembered."""
    run = Run()
    for number in range(_MOST_NAMES):
        stream = run.live(f"stream-{number}", 2)
        assert (stream.epochs, stream.last_seq) == (1, 1)
