"""What messages of a recording are written to."""

from typing import Protocol

from eegstream.wire.messages import Message


class MessageSink(Protocol):
    """A file that takes messages."""

    def write(self, message: Message) -> None:
        """Append one message."""
