"""The client: what it yields, what it passes over, and when it tells a loss."""

import time
from collections.abc import Iterator

import pytest
import zmq

from eegstream.client import Codes, Damaged, Loss, Spec, State, Subscriber
from tests.wire.examples import CODES, END, GAP, SPEC, STATE
from tests.wire.test_later import video

PATIENCE_S = 30.0
Peer = tuple["zmq.Socket[bytes]", Subscriber]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A socket such as the daemon's, and a subscriber that it can reach."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with Subscriber(f"tcp://127.0.0.1:{port}") as subscriber:
            assert socket.poll(PATIENCE_S * 1000)
            socket.recv()
            yield socket, subscriber


def hear(peer: Peer, payloads: list[bytes], wanted: int) -> list[object]:
    """What the subscriber yields of these payloads."""
    socket, subscriber = peer
    for payload in payloads:
        socket.send_multipart([b"x/y", payload])
    return [subscriber.receive(PATIENCE_S) for _ in range(wanted)]


def codes(seq: int) -> bytes:
    return CODES.model_copy(update={"seq": seq}).to_payload()


def test_a_numbered_message_of_an_unknown_kind_is_no_loss(peer: Peer) -> None:
    """It is passed over, and its number counts."""
    payloads = [SPEC.to_payload(), codes(1), video(2), video(3), codes(4), STATE.to_payload()]
    kinds = [type(item) for item in hear(peer, payloads, 4)]
    assert kinds == [Spec, Codes, Codes, State]


def test_what_is_lost_before_an_unknown_kind_is_told(peer: Peer) -> None:
    """The loss comes as soon as the number shows it, without a message behind it."""
    first, loss, second = hear(peer, [codes(1), video(4), codes(5)], 3)
    assert isinstance(first, Codes)
    assert loss == Loss(CODES.stream, CODES.run, 2, 2)
    assert isinstance(second, Codes)
    assert second.seq == 5


def test_an_unknown_kind_may_be_repeated(peer: Peer) -> None:
    """For a newcomer as well as later on, as a spec is."""
    repeated = video(1)
    payloads = [
        SPEC.to_payload(),
        repeated,
        codes(7),
        repeated,
        codes(8),
        GAP.model_copy(update={"seq": 9}).to_payload(),
    ]
    assert not any(isinstance(item, Loss) for item in hear(peer, payloads, 4))


def test_an_unknown_kind_without_a_number_changes_nothing(peer: Peer) -> None:
    """As `state` has none."""
    payloads = [codes(1), video(None), codes(2), END.to_payload()]
    assert [item.seq for item in hear(peer, payloads, 3) if not isinstance(item, Loss)] == [1, 2, 3]  # type: ignore[attr-defined]


def test_unknown_kinds_alone_are_silence(peer: Peer) -> None:
    """`receive` keeps to its time-out, however many of them come."""
    socket, subscriber = peer
    for seq in range(5):
        socket.send_multipart([b"x/video", video(seq)])
    assert subscriber.receive(0.2) is None


def test_what_cannot_be_read_is_told_and_passed_over(peer: Peer) -> None:
    """Whatever comes, the client goes on; it tells at once, then once a second with the count."""
    socket, subscriber = peer
    bad = [b"", b"\xc1", b"\x93", CODES.to_payload()[:-1], b"\x80", b"\x81\xa1v\x02", bytes(1000)]
    for payload in bad:
        socket.send_multipart([b"eeg-000000/codes", payload])
    socket.send_multipart([b"x/y", codes(1)])
    began_s = time.monotonic()
    items, told = [], 0
    while told < len(bad) and time.monotonic() < began_s + PATIENCE_S:
        if (item := subscriber.receive(0.1)) is not None:
            items.append(item)
            told += item.count if isinstance(item, Damaged) else 0
    damaged = [item for item in items if isinstance(item, Damaged)]
    assert items[0] == damaged[0]
    assert (damaged[0].stream, damaged[0].count) == ("eeg-000000", 1)
    assert told == len(bad)
    assert 2 <= len(damaged) <= 2 + (time.monotonic() - began_s)
    assert [item for item in items if item not in damaged] == [CODES.model_copy(update={"seq": 1})]
    assert hear(peer, [codes(2)], 1) == [CODES.model_copy(update={"seq": 2})]


def test_what_was_damaged_is_a_loss_of_its_number(peer: Peer) -> None:
    """A message that cannot be read has no `seq`; the next one tells what it was."""
    items = hear(peer, [codes(1), b"\xc1", codes(3)], 4)
    assert [type(item) for item in items] == [Codes, Damaged, Loss, Codes]


def test_a_topic_of_garbage_names_no_stream(peer: Peer) -> None:
    """It may hold anything, and is shown to people."""
    socket, subscriber = peer
    socket.send_multipart([b"\xff\x1b[31m" * 100, b"\xc1"])
    item = subscriber.receive(PATIENCE_S)
    assert isinstance(item, Damaged)
    assert item.stream == ""


def test_subscribers_may_follow_each_other_at_once() -> None:
    """None of them is hindered by what libzmq has not yet freed of the one before."""
    for _ in range(100):
        Subscriber("tcp://127.0.0.1:9").close()
