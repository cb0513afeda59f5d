"""Codes files: what is written is read, however the file was cut short."""

import subprocess
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType, IndexType, Writer

from eegstream.errors import CodesFileError, EegstreamError
from eegstream.files.codes import CodesReader, CodesWriter, UnfinishedFileWarning, read_codes, write_codes
from eegstream.wire.messages import Codes, End, Gap, Message, ModelIdentity, Source, Spec, UtcMark
from tests.wire.test_later import grown, video

RUN = "0123456789abcdef"
CHANNELS, GROUPS = 2, 3
FIRST_RECORD_ENDS = 8 + 1 + 8 + 4 + 4 + len("eegstream")
"""MCAP's magic, and a header record with an empty profile and the library's name."""


def spec(stream="eeg-000000", epoch=0, seq=0) -> Spec:
    return Spec(
        stream=stream, run=RUN, epoch=epoch, seq=seq,
        source=Source(name="eeg", type="EEG", source_id="", uid="", hostname="", session_id="", format="float32"),
        rate_hz=250, channels=("C3", "C4"), left_out=(), unit_scale=(1, 1),
        model=ModelIdentity(name="m", version=1, sha256="0" * 64),
        patch=256, hop=256, words=(64, 64, 64), model_rate_hz=256,
        frontend={"model_rate_hz": 256, "highpass_hz": 0.5, "notch_hz": None},
        delay_s=0.036, device="cpu", precision="float32", torch="2", utc=UtcMark(iso="2026-01-01", clock=1.0), notes=(),
    )  # fmt: skip


def codes(seq, segment, first, stream="eeg-000000", epoch=0) -> Codes:
    values = np.arange(seq, seq + CHANNELS * GROUPS, dtype="<u2")
    return Codes(
        stream=stream, run=RUN, epoch=epoch, seq=seq, segment=segment, first=first, shape=(1, CHANNELS, GROUPS),
        codes=values.tobytes(), flags=bytes([seq % 7] * CHANNELS), t=(10.0 + first,), clock_offset=0.0,
        clock_error=None, arrived=11.0 + first,
    )  # fmt: skip


def account(kind, seq, segment, reason, stream="eeg-000000", epoch=0):
    return kind(
        stream=stream, run=RUN, epoch=epoch, seq=seq, segment=segment, reason=reason, t_from=20.0, t_to=None,
        missing=None, received=1000, discarded=10, emitted=2, tail=5,
    )  # fmt: skip


MESSAGES: list[Message] = [
    spec(),
    codes(1, 0, 0),
    codes(2, 0, 1),
    account(Gap, 3, 0, "missing"),
    codes(4, 1, 0),
    account(End, 5, 1, "gone"),
]


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("codes") / "x.codes.mcap"
    with write_codes(path) as writer:
        for message in MESSAGES:
            writer.write(message)
    return path


def test_what_is_written_is_read(whole_file):
    """The same messages in the same order, and the file is finished."""
    reader = CodesReader(whole_file)
    assert list(reader) == MESSAGES
    assert reader.finished


def test_the_file_is_mcap_as_the_contract_says(whole_file):
    """Channel = topic, msgpack, no schema, times in ns, sequence = seq; no chunks."""
    with whole_file.open("rb") as file:
        rows = list(make_reader(file).iter_messages(log_time_order=False))
    assert [channel.topic for _, channel, _ in rows] == [message.topic for message in MESSAGES]
    assert {(channel.message_encoding, channel.schema_id) for _, channel, _ in rows} == {("msgpack", 0)}
    assert [record.sequence for *_, record in rows] == [message.seq for message in MESSAGES]
    assert rows[1][2].log_time == rows[1][2].publish_time == 10_000_000_000


@given(data=st.data())
@settings(deadline=None, max_examples=150, derandomize=True)
def test_a_file_cut_anywhere_is_read_up_to_its_last_whole_message(whole_file, tmp_path_factory, data):
    """Nothing is invented, nothing whole is lost, and the file is known to be unfinished."""
    content = whole_file.read_bytes()
    length = data.draw(st.integers(0, len(content) - 1))
    path = tmp_path_factory.mktemp("cut") / "x.codes.mcap"
    path.write_bytes(content[:length])
    reader = CodesReader(path)
    if length < FIRST_RECORD_ENDS:
        with pytest.raises(CodesFileError, match="not a codes file"):
            list(reader)
        return
    read = list(reader)
    assert read == MESSAGES[: len(read)]
    assert not reader.finished
    ends = [content.find(message.to_payload()) + len(message.to_payload()) for message in MESSAGES]
    assert len(read) == sum(end <= length for end in ends)


def test_a_writer_that_dies_leaves_every_message_on_the_way_to_the_disk(tmp_path):
    """Readable while it is still being written."""
    path = tmp_path / "x.codes.mcap"
    with CodesWriter(path) as writer:
        for number, message in enumerate(MESSAGES):
            writer.write(message)
            assert list(CodesReader(path)) == MESSAGES[: number + 1]


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    """Neither a half-written file nor a trace beside it; a former one stays."""
    path = tmp_path / "x.codes.mcap"
    path.write_text("former")
    with pytest.raises(RuntimeError, match="on the way"), write_codes(path) as writer:
        writer.write(MESSAGES[0])
        raise RuntimeError("on the way")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "former"


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    """With the path, in one line."""
    with pytest.raises(EegstreamError, match="cannot be written"), write_codes(tmp_path / "no" / "x.mcap"):
        pass


def test_segments_come_as_arrays(whole_file):
    """Codes (P, C, G), flags (P, C), times (P,) and the closing account of each segment."""
    first, second = read_codes(whole_file)
    assert first.codes.shape == (2, CHANNELS, GROUPS)
    assert first.index.tolist() == [0, 1]
    assert first.t.tolist() == [10.0, 11.0]
    assert first.flags.tolist() == [[1, 1], [2, 2]]
    assert isinstance(first.account, Gap)
    assert (second.segment, isinstance(second.account, End)) == (1, True)


def test_streams_and_epochs_are_kept_apart(tmp_path):
    """Interleaved messages of two streams, and a stream's second epoch."""
    path = tmp_path / "x.codes.mcap"
    other = "other-111111"
    with write_codes(path) as writer:
        for message in (
            spec(), spec(other), codes(1, 0, 0), codes(1, 0, 0, other), account(End, 2, 0, "gone"),
            spec(epoch=1, seq=3), codes(4, 0, 0, epoch=1), account(End, 2, 0, "gone", other),
        ):  # fmt: skip
            writer.write(message)
    places = [(segment.stream, segment.epoch, len(segment.index)) for segment in read_codes(path)]
    assert places == [("eeg-000000", 0, 1), (other, 0, 1), ("eeg-000000", 1, 1)]


@pytest.mark.parametrize("content", [b"", b"not mcap at all", b"\x89MCAP0\r\n" + b"\xff" * 40])
def test_other_files_are_refused(tmp_path, content):
    """One line, whatever they are."""
    path = tmp_path / "x.codes.mcap"
    path.write_bytes(content)
    with pytest.raises(CodesFileError, match="not a codes file") as caught:
        read_codes(path)
    assert "\n" not in str(caught.value)


def test_reading_needs_no_torch(whole_file):
    """`read_codes` is for everybody."""
    code = (
        "import sys, eegstream; eegstream.read_codes(sys.argv[1]); "
        "sys.exit(bool({'torch', 'pylsl', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(whole_file)], check=False).returncode == 0


def test_codes_may_come_before_their_spec(tmp_path):
    """A recording that began in the middle of an epoch has the spec as soon as it is repeated."""
    path = tmp_path / "x.codes.mcap"
    with write_codes(path) as writer:
        for message in (codes(1, 0, 0), spec(), codes(2, 0, 1), account(End, 3, 0, "gone")):
            writer.write(message)
    (segment,) = read_codes(path)
    assert segment.index.tolist() == [0, 1]


def test_codes_without_any_spec_cannot_be_read(tmp_path):
    """Nobody guesses how to read them."""
    path = tmp_path / "x.codes.mcap"
    with write_codes(path) as writer:
        writer.write(codes(1, 0, 0))
    with pytest.raises(CodesFileError, match="without their spec"):
        read_codes(path)


def test_an_unfinished_file_is_said_to_be_one(whole_file, tmp_path):
    """A warning of its own, so that it can be made an error."""
    path = tmp_path / "x.codes.mcap"
    path.write_bytes(whole_file.read_bytes()[:-20])
    with pytest.warns(UnfinishedFileWarning, match="is unfinished"):
        assert len(read_codes(path)) == 2


def test_times_beyond_the_containers_are_cut(tmp_path):
    """Timestamps in milliseconds since 1970 do not fit into nanoseconds."""
    path = tmp_path / "x.codes.mcap"
    late = codes(1, 0, 0).model_copy(update={"t": (1.7e12,)})
    with write_codes(path) as writer:
        writer.write(spec())
        writer.write(late)
    assert list(CodesReader(path))[1] == late


def test_a_full_disk_is_said():
    """With the path, in one line."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(CodesFileError, match="/dev/full cannot be written"), CodesWriter(full) as writer:
        writer.write(MESSAGES[0])


def _later_file(path: Path, *, foreign_channel: bool) -> None:
    """What a later version may write: a new kind, new fields everywhere, records and channels of other kinds."""
    with path.open("wb") as file:
        writer = Writer(file, use_chunking=False, compression=CompressionType.NONE, index_types=IndexType.NONE)
        writer.start(profile="", library="eegstream 9")
        if foreign_channel:
            other = writer.register_channel(topic="notes", message_encoding="json", schema_id=0)
            writer.add_message(other, 0, b"{}", 0, 0)
        writer.add_metadata("weather", {"sky": "blue"})
        for message in MESSAGES:
            channel = writer.register_channel(topic=message.topic, message_encoding="msgpack", schema_id=0)
            writer.add_message(channel, 0, video(message.seq), 0, 0)
            writer.add_message(channel, 0, msgpack.packb(grown(message.model_dump())), 0, 0)
        file.write(b"\x99" + (3).to_bytes(8, "little") + b"abc")
        writer.finish()


@pytest.mark.parametrize("foreign_channel", [False, True])
def test_a_file_of_a_later_version_is_read(tmp_path, foreign_channel):
    """Kinds, fields, records and channels that are not known are passed over; nothing else is missing."""
    path = tmp_path / "x.codes.mcap"
    _later_file(path, foreign_channel=foreign_channel)
    reader = CodesReader(path)
    assert list(reader) == MESSAGES
    assert reader.finished
    assert len(read_codes(path)) == 2


def test_an_mcap_file_of_something_else_is_refused(tmp_path):
    """With what its messages are."""
    path = tmp_path / "x.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_message(writer.register_channel("imu", "ros1", 0), 0, b"", 0)
        writer.finish()
    with pytest.raises(CodesFileError, match="of 'ros1' messages, expected 'msgpack'"):
        read_codes(path)
