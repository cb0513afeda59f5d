"""Encode the streams of one recording into a sink of messages: a codes file, or a table of tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eegstream.codec.engine import Engine
from eegstream.errors import RecordingError
from eegstream.files.beginnings import first_seconds
from eegstream.files.recordings import Recording, read_recordings
from eegstream.files.sinks import MessageSink
from eegstream.stream import FileOptions, SignalOptions
from eegstream.tokenizer import encode_recording
from eegstream.wire.messages import Codes, End, Gap, Message, Spec

Tell = Callable[[str], None]
"""Takes a remark, one sentence."""


@dataclass
class StreamCounts:
    """What became of one stream."""

    name: str
    seconds: float
    """Length of the recording."""
    channels: int = 0
    """That were encoded."""
    patches: int = 0
    """Of one channel."""
    gaps: int = 0
    discarded_s: float = 0.0
    """Seconds that no patch covers."""

    def add(self, message: Message, rate_hz: float) -> None:
        """Count a message of the stream."""
        if isinstance(message, Spec):
            self.channels = len(message.channels)
        elif isinstance(message, Codes):
            self.patches += message.shape[0] * message.shape[1]
        elif isinstance(message, Gap | End):
            self.gaps += isinstance(message, Gap)
            self.discarded_s += message.discarded / rate_hz


def encode_streams(
    recordings: Sequence[Recording],
    engine: Engine,
    options: SignalOptions,
    sink: MessageSink,
    tell: Tell,
    reached: Callable[[float], None] = lambda _: None,
) -> list[StreamCounts]:
    """Write the messages of all streams of one file, one stream after the other.

    `tell` gets remarks and notes on the signal; `reached` the seconds done so far, streams before included.

    Raises:
        RecordingError: not one patch came of it.
        EegstreamError: a stream cannot be encoded, or the sink not be written to.
    """
    done_s = 0.0
    sums = []
    for recording in recordings:
        counts = StreamCounts(recording.name, recording.pieces.shape[1] / recording.rate_hz)
        rate_hz = recording.rate_hz

        def tell_of_it(remark: str, name: str = recording.name) -> None:
            tell(f"{name}: {remark}")

        for message in encode_recording(recording, engine, engine.facts, options, tell_of_it):
            if isinstance(message, Spec):
                rate_hz = message.rate_hz
                for note in message.notes:
                    tell_of_it(note)
            sink.write(message)
            counts.add(message, rate_hz)
            if isinstance(message, Codes):
                reached(done_s + message.t[0])
        done_s += counts.seconds
        sums.append(counts)
    if not any(counts.patches for counts in sums):
        name = recordings[0].name
        raise RecordingError(f"{name} has {done_s:.2f} s, expected at least one patch", "Give a longer recording")
    return sums


def encode_file(path: str, engine: Engine, options: FileOptions, sink: MessageSink, tell: Tell) -> list[StreamCounts]:
    """Write the messages of every stream of EEG in the file at `path`.

    Raises:
        EegstreamError: the recording cannot be read or encoded, or the sink not be written to.
    """
    signal = options.signal
    recordings = read_recordings(path, rate_hz=signal.rate_hz, stream=options.stream, choice=signal.choice)
    for recording in recordings:
        for remark in recording.remarks:
            tell(f"{recording.name}: {remark}")
    if options.seconds is not None:
        recordings = [first_seconds(recording, options.seconds) for recording in recordings]
    return encode_streams(recordings, engine, signal, sink, tell)
