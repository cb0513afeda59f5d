"""Damaged codes files: what is wrong is told with its place, and the rest is read."""

import io
import random
import struct

import msgpack
import pytest
from click.testing import CliRunner
from mcap.opcode import Opcode
from mcap.writer import CompressionType, Writer

from eegstream.cli import cli
from eegstream.errors import CodesFileError
from eegstream.files.codes import CodesReader, CodesWriter, DamagedFileWarning, load_codes, read_codes
from eegstream.wire.messages import End, Gap, Message, Spec
from tests.files.test_codes import account, codes, spec

STREAM = "eeg-000000"
HEAD = 9


def _messages() -> list[Message]:
    """Three segments of ten patches; seq runs from 0 to 33."""
    messages: list[Message] = [spec()]
    for segment in range(3):
        messages += [codes(len(messages) + first, segment, first) for first in range(10)]
        kind, reason = (End, "gone") if segment == 2 else (Gap, "missing")
        messages.append(account(kind, len(messages), segment, reason))
    return messages


MESSAGES = _messages()


def _written(path, messages, *, checksum=False) -> bytes:
    """A file; without `checksum` as a writer leaves it that states none, such as one of another tool."""
    with CodesWriter(path) as writer:
        for message in messages:
            writer.write(message)
    content = bytearray(path.read_bytes())
    if not checksum:
        data_end = content.index(b"\x0f\x04" + bytes(7)) + HEAD
        content[data_end : data_end + 4] = bytes(4)
        path.write_bytes(content)
    return bytes(content)


def _read(path, content):
    path.write_bytes(content)
    reader = CodesReader(path)
    return list(reader), reader


def _record_of(content: bytes, message: Message) -> tuple[int, int]:
    """First byte of a message's record, and the one after its last."""
    payload = message.to_payload()
    at = content.index(payload)
    return at - 22 - HEAD, at + len(payload)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.codes.mcap"


def test_an_intact_file_has_no_damage(path):
    """Neither with a checksum nor without one, nor cut short; and the messages are the same bytes."""
    plain, summed = _written(path, MESSAGES), _written(path, MESSAGES, checksum=True)
    differing = [at for at, (one, other) in enumerate(zip(plain, summed, strict=True)) if one != other]
    data_end = plain.index(b"\x0f\x04" + bytes(7)) + HEAD
    assert set(differing) <= set(range(data_end, data_end + 4))
    for content in (plain, summed, plain[:-5], plain[:4000]):
        messages, reader = _read(path, content)
        assert messages == MESSAGES[: len(messages)]
        assert reader.damage == ()
        assert reader.finished == (len(content) == len(plain))


def test_every_altered_byte_of_a_file_with_checksum_is_told(path):
    """2 100 single bits and bytes: the messages are right, or the damage is told; nothing else, and no traceback."""
    content, rng = _written(path, MESSAGES, checksum=True), random.Random(1)  # noqa: S311
    for number in range(2100):
        altered, at = bytearray(content), rng.randrange(len(content))
        altered[at] ^= 1 << rng.randrange(8) if number % 2 else rng.randrange(1, 256)
        try:
            messages, reader = _read(path, altered)
        except CodesFileError:
            continue
        assert messages == MESSAGES or reader.damage or not reader.finished, at


def test_every_altered_byte_can_be_read_as_segments(path):
    """Whatever a single byte becomes, `load_codes` gives segments or a CodesFileError; no other error."""
    content, rng = _written(path, MESSAGES), random.Random(2)  # noqa: S311
    for _ in range(600):
        altered, at = bytearray(content), rng.randrange(len(content))
        altered[at] ^= rng.randrange(1, 256)
        path.write_bytes(altered)
        try:
            segments = load_codes(path)
        except CodesFileError:
            continue
        assert all(len(segment.codes) == len(segment.index) == len(segment.t) for segment in segments)


def test_a_damaged_message_is_named_and_the_rest_is_read(path):
    """Its bytes, its stream and its seq; every other message is there."""
    content = bytearray(_written(path, MESSAGES))
    start, end = _record_of(content, MESSAGES[7])
    content[start + HEAD + 22 : start + HEAD + 32] = b"\xc1" * 10
    messages, reader = _read(path, content)
    assert messages == [*MESSAGES[:7], *MESSAGES[8:]]
    assert reader.finished
    broken, missing = reader.damage
    assert (broken.start, broken.end) == (start, end)
    assert (missing.stream, missing.first_seq, missing.last_seq) == (STREAM, 7, 7)
    assert str(missing) == f"bytes {start} to {end}, stream {STREAM}, seq 7: these messages are missing"


@pytest.mark.parametrize("length", [3, 5000, 2**40, 2**63 - 1])
def test_a_damaged_length_costs_one_message(path, length):
    """The next whole record is found, wherever the length points."""
    content = bytearray(_written(path, MESSAGES))
    start, _ = _record_of(content, MESSAGES[7])
    struct.pack_into("<Q", content, start + 1, length)
    messages, reader = _read(path, content)
    assert messages == [*MESSAGES[:7], *MESSAGES[8:]]
    assert reader.damage[0].start == start


@pytest.mark.parametrize("topic", [b"codes", b"gap"])
def test_a_damaged_channel_costs_no_message(path, topic):
    """The messages hold all that the channel says."""
    content = bytearray(_written(path, MESSAGES))
    at = content.index(STREAM.encode() + b"/" + topic)
    content[at - 10 : at] = b"\xff" * 10
    messages, reader = _read(path, content)
    assert messages == MESSAGES
    assert reader.damage


def test_bytes_in_between_are_told(path):
    """What another program wrote into the file costs nothing but is named."""
    content = _written(path, MESSAGES)
    start, _ = _record_of(content, MESSAGES[20])
    messages, reader = _read(path, content[:start] + bytes(37) + content[start:])
    assert messages == MESSAGES
    assert [(damage.start, damage.end) for damage in reader.damage] == [(start, start + 37)]


def test_bytes_behind_the_end_are_told(path):
    """Two files in one: the second is not read, and that is said."""
    content = _written(path, MESSAGES)
    messages, reader = _read(path, content * 2)
    assert messages == MESSAGES
    assert [(damage.start, damage.end) for damage in reader.damage] == [(len(content), 2 * len(content))]


def test_missing_messages_are_told_stream_by_stream(path):
    """A hole in `seq` of one stream says nothing about another."""
    other = "other-111111"
    _written(path, [spec(), spec(other), codes(1, 0, 0), codes(1, 0, 0, other), codes(5, 0, 4), codes(2, 0, 1, other)])
    reader = CodesReader(path)
    assert len(list(reader)) == 6
    (damage,) = reader.damage
    assert (damage.stream, damage.first_seq, damage.last_seq) == (STREAM, 2, 4)


def test_a_recording_that_begins_in_the_middle_misses_nothing(path):
    """Its spec is a repeat; a repeated spec later is none of the count, either; another run counts anew."""
    later = spec(seq=2).model_copy(update={"run": "f" * 16})
    _written(path, [spec(), codes(700, 0, 699), spec(), codes(701, 0, 700), later])
    reader = CodesReader(path)
    assert len(list(reader)) == 5
    assert reader.damage == ()


def test_an_unknown_kind_counts(path):
    """A message of a later version fills its place in the count."""
    with path.open("wb") as file:
        writer = Writer(file, use_chunking=False)
        writer.start()
        channel = writer.register_channel("x", "msgpack", 0)
        unknown = {"v": 1, "kind": "video", "stream": STREAM, "run": spec().run, "epoch": 0, "seq": 2}
        for payload in (codes(1, 0, 0).to_payload(), msgpack.packb(unknown), codes(3, 0, 1).to_payload()):
            writer.add_message(channel, 0, payload, 0)
        writer.finish()
    reader = CodesReader(path)
    assert len(list(reader)) == 2
    assert reader.damage == ()


@pytest.mark.parametrize("wrong", [codes(2, 0, 5), codes(2, 1, 1), codes(2, 0, 2**60), codes(2, 0, 1, epoch=3)])
def test_patches_out_of_place_are_left_out(path, wrong):
    """Without a missing message, patches follow each other; a wrong number would put codes at a wrong time."""
    _written(path, [spec(), codes(1, 0, 0), wrong, codes(3, 0, 2), account(End, 4, 0, "gone")])
    read = load_codes(path)
    assert [segment.index.tolist() for segment in read] == [[0, 2]]
    assert [damage.first_seq for damage in read.damage] == [2]


@pytest.mark.parametrize(
    "update", [{"words": (64, 64)}, {"channels": ("C3",)}, {"words": (64, 64, 2)}, {"words": (64, 64, 64, 64)}]
)
def test_codes_that_contradict_their_spec_are_left_out(path, update):
    """Their shape and their numbers must be those of the spec."""
    _written(path, [spec().model_copy(update=update), codes(1, 0, 0), account(End, 2, 0, "gone")])
    read = load_codes(path)
    assert [len(segment.index) for segment in read] == [0]
    assert "left out" in read.damage[0].what


def test_an_epoch_without_its_spec_costs_only_itself(path):
    """Codes whose spec is damaged cannot be read; those of the next epoch can."""
    content = bytearray(
        _written(
            path, [spec(), codes(1, 0, 0), account(End, 2, 0, "gone"), spec(epoch=1, seq=3), codes(4, 0, 0, epoch=1)]
        )
    )
    start, _ = _record_of(content, spec())
    content[start + HEAD + 22] = 0xC1
    path.write_bytes(content)
    read = load_codes(path)
    assert [(segment.epoch, len(segment.index)) for segment in read] == [(1, 1)]
    assert any("without their spec" in damage.what for damage in read.damage)


def test_damage_is_a_warning_of_its_own(path):
    """So that it can be made an error; what was read comes with the places."""
    content = bytearray(_written(path, MESSAGES))
    start, _ = _record_of(content, MESSAGES[7])
    content[start + HEAD + 22] = 0xC1
    path.write_bytes(content)
    with pytest.warns(DamagedFileWarning, match=f"bytes {start} to .* The rest was read"):
        read = read_codes(path)
    assert len(read) == 3
    assert read.finished
    assert read.damage


def _chunked(compression: CompressionType) -> tuple[bytes, list[int]]:
    """A file as MCAP tools write it, in chunks with checksums; and the first bytes of its chunks."""
    file = io.BytesIO()
    writer = Writer(file, compression=compression, chunk_size=1500)
    writer.start(library="another tool")
    channels: dict[str, int] = {}
    for message in MESSAGES:
        if message.topic not in channels:
            channels[message.topic] = writer.register_channel(message.topic, "msgpack", 0)
        writer.add_message(channels[message.topic], 0, message.to_payload(), 0)
    writer.finish()
    content, chunks, at = file.getvalue(), [], 8
    while content[at] != Opcode.FOOTER:
        if content[at] == Opcode.CHUNK:
            chunks.append(at)
        at += HEAD + int.from_bytes(content[at + 1 : at + HEAD], "little")
    return content, chunks


@pytest.mark.parametrize("compression", list(CompressionType))
def test_a_damaged_chunk_is_left_out_as_a_whole(path, compression):
    """Its checksum does not fit; the others are read."""
    content, chunks = _chunked(compression)
    messages, reader = _read(path, content)
    assert messages == MESSAGES
    assert reader.damage == ()
    altered = bytearray(content)
    altered[chunks[1] + 100] ^= 0x10
    messages, reader = _read(path, altered)
    assert 0 < len(messages) < len(MESSAGES)
    assert all(message in MESSAGES for message in messages)
    assert reader.finished
    assert reader.damage[0].start == chunks[1]


@pytest.mark.parametrize("size", [10, 2**40])
@pytest.mark.parametrize("compression", list(CompressionType))
def test_a_chunk_of_another_size_than_stated_is_refused(path, compression, size):
    """Neither the stated size nor what the packed bytes unpack to decides how much memory is taken."""
    content, chunks = _chunked(compression)
    altered = bytearray(content)
    struct.pack_into("<Q", altered, chunks[0] + HEAD + 16, size)
    messages, reader = _read(path, altered)
    assert not any(isinstance(message, Spec) for message in messages)
    assert "chunk" in reader.damage[0].what


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> bytes:
    """Codes of a shipped bundle, as `encode` writes them."""
    output = tmp_path_factory.mktemp("encoded") / "x.codes.mcap"
    done = CliRunner().invoke(
        cli, ["encode", "synthetic:rate=250,channels=2,seconds=6,seed=3", "-o", str(output), "--model", "seed"]
    )
    assert done.exit_code == 0, done.output
    return output.read_bytes()


def _decode(path, content, *options):
    path.write_bytes(content)
    return CliRunner().invoke(cli, ["decode", str(path), "-o", str(path.with_suffix(".npz")), *options])


def test_decode_tells_of_damage_and_decodes_the_rest(path, encoded):
    """With --strict, it fails and writes nothing, also if the file is only unfinished."""
    codes_at = [at for at in range(len(encoded)) if encoded.startswith(b"\xa4kind\xa5codes", at)]
    damaged = bytearray(encoded)
    damaged[codes_at[2]] = 0xC1
    for content, words in ((damaged, "is damaged: bytes "), (encoded[:-20], "is unfinished")):
        refused = _decode(path, content, "--strict")
        assert isinstance(refused.exception, CodesFileError)
        assert words in str(refused.exception)
        assert not path.with_suffix(".npz").exists()
    done = _decode(path, damaged)
    assert done.exit_code == 0, done.output
    assert "is damaged: bytes " in done.stderr
    assert _decode(path, encoded, "--strict").exit_code == 0


def test_a_damaged_spec_is_an_error_of_one_line(path, encoded):
    """A patch size that the bundle does not have; nothing is decoded by it."""
    damaged = bytearray(encoded)
    damaged[encoded.index(b"\xa5patch\xcd") + 7] ^= 1
    refused = _decode(path, damaged)
    assert isinstance(refused.exception, CodesFileError)
    assert "the spec is damaged" in str(refused.exception).lower()
