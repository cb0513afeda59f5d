"""Read codes files: their messages, and what is damaged."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mcap.records import Channel
from mcap.records import Message as Record

from eegstream.errors import CodesFileError
from eegstream.files.codes_order import OrderCheck
from eegstream.files.damage import Damage, DamageLog
from eegstream.files.mcap_messages import Located, McapMessages, NoMcapError
from eegstream.wire.messages import Codes, End, Gap, Message, Spec, State, Unknown
from eegstream.wire.parsing import WireError, parse

ENCODING = "msgpack"
LIBRARY = "eegstream"
_LATEST_NS = 2**64 - 1
_REMEDY = "Give a file that `eegstream encode` or `record` wrote"
_Messages = McapMessages[Message | Unknown]


def record_time_ns(message: Message) -> int:
    """`log_time` of a message's record."""
    if isinstance(message, Codes):
        time_s = message.t[0] if message.t else message.arrived
    elif isinstance(message, Gap | End):
        time_s = message.t_from or 0.0
    else:
        time_s = message.utc.clock if isinstance(message, Spec) else message.t
    time_ns = time_s * 1e9
    return min(max(0, round(time_ns)), _LATEST_NS) if math.isfinite(time_ns) else 0


def record_sequence(message: Message) -> int:
    """`sequence` of a message's record."""
    return 0 if isinstance(message, State) else message.seq & 0xFFFF_FFFF


class CodesReader:
    """Iterate the messages of a codes file; an unfinished one is read up to its last whole record.

    Kinds, fields, records and channels of later versions are skipped. Damaged places are skipped, too; `damage` lists
    them.

    Raises:
        CodesFileError: the file cannot be opened, or is not a codes file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.finished = False
        """Whether the file was finished by its writer; known after the last message."""
        self._log = DamageLog()
        self._error: WireError | None = None
        """Of the first payload that is no message."""

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What is damaged in the file; known after the last message."""
        return tuple(self._log)

    def __iter__(self) -> Iterator[Message]:
        for located in self.located():
            yield located.item

    def located(self) -> Iterator[Located[Message]]:
        """The messages with their places in the file."""
        self.finished, self._error, self._log = False, None, DamageLog()
        try:
            with self.path.open("rb") as file:
                yield from self._messages(file)
        except OSError as error:
            raise CodesFileError(f"{self.path} cannot be read ({error.strerror})", "Check the path") from None
        except ValueError as error:
            raise CodesFileError(f"{str(self.path)!r} is not a path ({error})", "Check the path") from None

    def _messages(self, file: IO[bytes]) -> Iterator[Located[Message]]:
        records = _Messages(file, self._log, self._read)
        order, found = OrderCheck(self._log), False
        try:
            for located in records:
                found = True
                self._compare(located, records)
                message = located.item
                if order.accepts(message, located.start, located.end) and not isinstance(message, Unknown):
                    yield Located(message, located.record, located.start, located.end)
        except NoMcapError as error:
            raise CodesFileError(f"{self.path.name} is not a codes file ({error})", _REMEDY) from None
        self.finished = records.finished
        if not found:
            self._require_codes({channel.message_encoding for channel in records.channels.values()})

    def _read(self, record: Record, channel: Channel | None) -> Message | Unknown | None:
        """The message in a record; None for one of another encoding."""
        try:
            return parse(record.data)
        except WireError as error:
            if channel is not None and channel.message_encoding != ENCODING:
                return None
            self._error = self._error or error
            raise ValueError(error.message) from None

    def _require_codes(self, encodings: set[str]) -> None:
        """Raise an error that says what a file without messages is."""
        if self._error is not None:
            raise CodesFileError(f"{self.path.name}: {self._error.message}", "Write the file again")
        if encodings and ENCODING not in encodings:
            came = ", ".join(sorted(map(repr, encodings)))
            raise CodesFileError(f"{self.path.name} is an MCAP file of {came} messages, expected {ENCODING!r}", _REMEDY)

    def _compare(self, located: Located[Message | Unknown], records: _Messages) -> None:
        """Note where the record or its channel contradict the message."""
        message, record = located.item, located.record
        channel = records.channels.get(record.channel_id)
        what = ""
        if channel is None or channel.message_encoding != ENCODING:
            what = "the description of the messages' channel is missing or altered"
        elif records.library == LIBRARY:
            if message.topic != channel.topic:
                what = f"a message of {message.topic} is in the channel {channel.topic!r}"
            elif not isinstance(message, Unknown) and (record.sequence, record.log_time, record.publish_time) != (
                record_sequence(message), *[record_time_ns(message)] * 2
            ):  # fmt: skip
                what = "the number or times of the record are not those of its message"
        if what:
            seq = None if isinstance(message, State) else message.seq
            self._log.add(Damage(what, located.start, located.end, message.stream, seq, seq), grows=True)
