"""Asking for missed messages: what comes back, what is gone, and what malformed requests do."""

import os
import random
from collections.abc import Iterator

import msgpack
import pytest
import zmq

from eegstream.client import Codes, Loss, Subscriber
from eegstream.pubsub.publisher import Publisher, open_publisher
from eegstream.pubsub.records import PUBLISH, Record
from eegstream.pubsub.replay import LONGEST_REQUEST, MOST_MESSAGES, Replay
from eegstream.pubsub.ring import KEEP_S, Ring
from eegstream.wire.addresses import control_url
from tests.files.test_codes import codes, spec

STREAM = "eeg-000000"
RUN = spec().run
PATIENCE_S = 20.0


def record(seq: int, size: int = 10, stream: str = STREAM, run: str = RUN) -> Record:
    return Record(PUBLISH, f"{stream}/codes".encode(), bytes([seq % 256]) * size, seq, run.encode())


def ask(**changes: object) -> bytes:
    request = {"v": 1, "ask": "replay", "stream": STREAM, "run": RUN, "first_seq": 0, "count": 10}
    packed: bytes = msgpack.packb(request | changes)
    return packed


@pytest.fixture
def ring() -> Ring:
    return Ring(1_000_000)


def test_the_ring_is_bounded_in_bytes_and_time(ring: Ring) -> None:
    """The oldest go first, whatever stream they are of."""
    for seq in range(1000):
        ring.add(record(seq, 10_000), 0.0)
    kept = ring.kept(STREAM.encode(), RUN.encode())
    assert kept is not None
    assert (kept.newest_seq, kept.newest_seq - kept.oldest_seq < 100) == (999, True)
    ring.add(record(0, 10, "other-000000"), KEEP_S + 1)
    assert ring.kept(STREAM.encode(), RUN.encode()) is None


def test_a_repeat_is_not_kept_twice_and_a_hole_forgets_what_was_before(ring: Ring) -> None:
    """What is kept is always a range without holes."""
    for seq in (0, 1, 1, 0, 2, 5, 6):
        ring.add(record(seq), 0.0)
    kept = ring.kept(STREAM.encode(), RUN.encode())
    assert kept is not None
    assert (kept.oldest_seq, kept.newest_seq) == (5, 6)
    assert len(list(ring.records())) == 2


def test_answers_are_bounded(ring: Ring) -> None:
    """At most so many messages at a time; the asker asks on."""
    for seq in range(1000):
        ring.add(record(seq), 0.0)
    answer = msgpack.unpackb(Replay(ring).answer(ask(count=1000, id=7), 0.0))
    assert (answer["answer"], len(answer["messages"]), answer["id"]) == ("replay", MOST_MESSAGES, 7)


@pytest.mark.parametrize("changes", [{"first_seq": 5000}, {"run": "f" * 16}, {"stream": "other-111111"}])
def test_what_is_not_there_is_gone(ring: Ring, changes: dict[str, object]) -> None:
    """With the range that is there, if there is one."""
    ring.add(record(3), 0.0)
    answer = msgpack.unpackb(Replay(ring).answer(ask(**changes), 0.0))
    there = (3, 3) if "first_seq" in changes else (None, None)
    assert (answer["answer"], answer["oldest_seq"], answer["newest_seq"]) == ("gone", *there)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\xc1",
        msgpack.packb([1, 2]),
        ask(v=2),
        ask(v=True),
        ask(ask="shutdown"),
        ask(stream=5),
        ask(stream="ö"),
        ask(run=b"x"),
        ask(first_seq=-1),
        ask(first_seq=True),
        ask(first_seq=1.5),
        ask(count=0),
        ask(count=2**63),
        ask(id="x"),
        ask(pad=b"x" * LONGEST_REQUEST),
        b"\x81" * 10_000,
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_a_malformed_request_gets_a_typed_error(ring: Ring, request_bytes: bytes) -> None:
    """And nothing else happens."""
    answer = msgpack.unpackb(Replay(ring).answer(request_bytes, 0.0))
    assert answer["answer"] == "error"
    assert 0 < len(answer["why"]) < 200


def test_too_many_requests_are_told_to_wait(ring: Ring) -> None:
    """For a while."""
    replay = Replay(ring)
    answers = [msgpack.unpackb(replay.answer(ask(), 0.0))["answer"] for _ in range(1000)]
    assert "busy" in answers
    assert msgpack.unpackb(replay.answer(ask(), 60.0))["answer"] == "gone"


@pytest.mark.parametrize(
    ("url", "control"),
    [
        ("tcp://127.0.0.1:5571", "tcp://127.0.0.1:5572"),
        ("tcp://[::1]:65535", "tcp://[::1]:65534"),
        ("ipc:///run/eegstream/codes", "ipc:///run/eegstream/codes.control"),
        ("ipc://@codes", "ipc://@codes.control"),
    ],
)
def test_the_control_address_follows_from_the_other(url: str, control: str) -> None:
    """So that a client needs one address only."""
    assert control_url(url) == control


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with open_publisher("tcp://127.0.0.1:*") as opened:
        yield opened


def test_what_was_missed_comes_in_order_and_the_rest_is_gone(publisher: Publisher) -> None:
    """Through real sockets, more than fits in one answer."""
    publisher.publish(spec())
    for seq in range(1, 1001):
        publisher.publish(codes(seq, 0, seq))
        publisher.welcome_newcomers()
    with Subscriber(publisher.url) as subscriber:
        got = list(subscriber.resume(Loss(STREAM, RUN, 1, 1000), PATIENCE_S))
        assert [item.seq for item in got if isinstance(item, Codes)] == list(range(1, 1001))
        assert len(got) == 1000
        assert list(subscriber.resume(Loss(STREAM, RUN, 5000, 3), PATIENCE_S)) == [Loss(STREAM, RUN, 5000, 3)]
        assert list(subscriber.resume(Loss(STREAM, "f" * 16, 0, 3), PATIENCE_S)) == [Loss(STREAM, "f" * 16, 0, 3)]


def test_a_daemon_without_replays_counts_as_one_that_has_nothing() -> None:
    """`resume` waits as long as it is told, and yields the loss again."""
    with open_publisher("tcp://127.0.0.1:*", replay_mb=0) as publisher, Subscriber(publisher.url) as subscriber:
        assert publisher.control_url is None
        loss = Loss(STREAM, RUN, 0, 3)
        assert list(subscriber.resume(loss, 0.3)) == [loss]


def test_garbage_at_the_control_address_hurts_nobody(publisher: Publisher) -> None:
    """Random frames in any number: the next request is answered."""
    generator = random.Random(1)  # noqa: S311
    publisher.publish(spec())
    assert publisher.control_url is not None
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(publisher.control_url)
        for _ in range(150):
            frames = [generator.randbytes(generator.randrange(200)) for _ in range(generator.randrange(1, 5))]
            socket.send_multipart(frames)
        socket.send(os.urandom(2 * LONGEST_REQUEST))
    with Subscriber(publisher.url) as subscriber:
        (got,) = subscriber.resume(Loss(STREAM, RUN, 0, 1), PATIENCE_S)
        assert got == spec()
    assert publisher.restarts == 0
