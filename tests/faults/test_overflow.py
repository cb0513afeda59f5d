"""An encoder that falls behind: the queue stays bounded, the segment ends, and nothing is lost silently."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.client import Codes, End, Gap, Message, Spec
from eegstream.codec.engine import Engine, choose_device
from eegstream.daemon.inbox import Dropped, Inbox, Samples
from eegstream.daemon.live_encoder import LiveEncoder
from eegstream.daemon.processing import Processor
from eegstream.daemon.worker import Worker
from eegstream.epoch import Clock
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.wire.messages import Source
from tests.faults.expect import covered
from tests.identity_bundle import load_own, manifest, write_bundle

RATE_HZ = 256.0
BUFFER_S = 2
CHUNK = 64
GEOMETRY = StreamGeometry(
    source=Source(name="s", type="EEG", source_id="s", uid="u", hostname="h", session_id="", format="float32"),
    rate_hz=RATE_HZ,
    labels=("Fz", "Cz"),
    types=("EEG", "EEG"),
    units=("microvolts", "microvolts"),
)


@dataclass(eq=False)
class FakeReader:
    """What the inbox and the worker know of a reader."""

    wire_name: str = "s-000000"
    buffer_s: int = BUFFER_S
    end_reason: str = "gone"
    clock: Clock = field(default_factory=lambda: Clock(None, None))
    rate_hz: float = RATE_HZ


class Sent(list[Message]):
    """A publisher that keeps what it is given."""

    publish = list.append

    def forget(self, stream: str) -> None: ...

    def repeat_specs(self) -> None: ...

    def welcome_newcomers(self) -> None: ...


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The identity bundle's."""
    path = write_bundle(tmp_path_factory.mktemp("bundle") / "identity.pt", manifest(patch=64))
    device = choose_device("cpu")
    return Engine(load_own(path, device), device)


def put_chunk(inbox: Inbox, reader: FakeReader, number: int) -> None:
    """The `number`-th chunk of an endless stream without holes."""
    index = np.arange(number * CHUNK, (number + 1) * CHUNK)
    raw = np.stack([np.sin(index), np.cos(index)]).astype(np.float32)
    inbox.samples(reader, raw, 100.0 + index / RATE_HZ, 0.0, 0.0)


def test_a_full_inbox_counts_what_it_refuses_where_it_belongs():
    """At most the buffer's seconds wait; the count stands between what came before and what came after."""
    inbox, reader = Inbox(), FakeReader()
    for number in range(20):
        put_chunk(inbox, reader, number)
    assert len(inbox.take(0, lambda: 0.0)) * CHUNK == BUFFER_S * RATE_HZ
    put_chunk(inbox, reader, 20)
    dropped, after = inbox.take(0, lambda: 0.0)
    assert isinstance(dropped, Dropped)
    assert dropped.count == 20 * CHUNK - BUFFER_S * RATE_HZ
    assert isinstance(after, Samples)


def test_a_stream_that_is_behind_takes_no_room_from_another():
    """Each has its own share."""
    inbox, slow, other = Inbox(), FakeReader("slow-000000"), FakeReader("other-000000")
    for number in range(20):
        put_chunk(inbox, slow, number)
    put_chunk(inbox, other, 0)
    assert isinstance(inbox.take(0, lambda: 0.0)[-1], Samples)
    assert not [item for item in inbox.take(0, lambda: 0.0) if item.reader is other]


@given(bursts=st.lists(st.integers(0, 3 * BUFFER_S * int(RATE_HZ) // CHUNK), min_size=1, max_size=6))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_an_overflow_ends_the_segment(engine, bursts):
    """Whenever the worker comes too late: `overflow`, patches numbered without a hole, and a ledger that adds up."""
    inbox, reader, sent = Inbox(), FakeReader(), Sent()
    processor = Processor(sent, engine, lambda _: SignalOptions(), "0" * 16, lambda: 0.0)
    inbox.opened(reader, GEOMETRY)
    number = 0
    for burst in bursts:
        for _ in range(burst):
            put_chunk(inbox, reader, number)
            number += 1
        processor.handle(inbox.take(0, lambda: 0.0))
    inbox.closed(reader, "the test is over")
    processor.handle(inbox.take(0, lambda: 0.0))

    sequenced = [message for message in sent if isinstance(message, Spec | Codes | Gap | End)]
    assert [message.seq for message in sequenced] == list(range(len(sequenced)))
    accounts = [message for message in sequenced if isinstance(message, Gap | End)]
    assert sum(account.received for account in accounts) == number * CHUNK
    assert isinstance(accounts[-1], End)
    assert {account.reason for account in accounts[:-1]} <= {"overflow"}
    too_long = [n for n, burst in enumerate(bursts) if burst * CHUNK > BUFFER_S * RATE_HZ]
    assert (len(accounts) > 1) == bool(too_long and any(bursts[too_long[0] + 1 :]))
    for account in accounts:
        numbers = [m.first for m in sequenced if isinstance(m, Codes) and m.segment == account.segment]
        assert numbers == list(range(account.emitted))
        assert account.discarded == account.received - covered(account.emitted, RATE_HZ)


def test_a_stopped_worker_takes_what_is_queued(engine):
    """What was received before the stop becomes codes, and the end accounts for all of it."""
    inbox, reader, sent = Inbox(), FakeReader(end_reason="shutdown"), Sent()
    encoder = LiveEncoder(engine)
    processor = Processor(sent, encoder, lambda _: SignalOptions(), "0" * 16, lambda: 0.0)
    worker = Worker(inbox, processor, encoder, sent, dict, lambda: 0.0)
    inbox.opened(reader, GEOMETRY)
    for number in range(5):
        put_chunk(inbox, reader, number)
    worker._stop.set()
    worker.start()
    worker.finish(60.0)
    end = sent[-1]
    assert worker.failure is None
    assert isinstance(end, End)
    assert (end.reason, end.received, end.emitted) == ("shutdown", 5 * CHUNK, 5)
