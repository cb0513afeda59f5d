"""Made-up recordings, encoded by a small bundle, as messages and as tables."""

from functools import cache
from pathlib import Path

import numpy as np

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.encoding import encode_streams
from eegstream.files.events import FileEvent
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from eegstream.stream import SignalOptions
from eegstream.tables.names import RecordingNames
from eegstream.tables.writing import write_table
from eegstream.wire.messages import Message

RATE_HZ = 256.0
LABELS = ("Pz", "Cz", "Fz")
EVENTS = (FileEvent(0.5, 1.25, "closed"), FileEvent(3.0, None, "7", 7.0), FileEvent(11.0, 3.0, "open"))


class Kept(list[Message]):
    """A sink that keeps what is written to it."""

    write = list.append


@cache
def engine() -> Engine:
    """The bundle `fast`, whose patches last a quarter of a second."""
    return Engine(load("fast"), choose_device("cpu"))


def recording(name: str = "a", seed: int = 0, seconds: float = 12.0, hole_s: float = 0.0) -> Recording:
    """Three channels, with a hole of `hole_s` in the middle and three events."""
    n_samples = round(seconds * RATE_HZ)
    times_s = np.arange(n_samples) / RATE_HZ
    times_s[n_samples // 2 :] += hole_s
    return Recording(
        name=name,
        source_id=f"file:{name}",
        rate_hz=RATE_HZ,
        labels=LABELS,
        types=("EEG",) * len(LABELS),
        units=("microvolts",) * len(LABELS),
        pieces=HeldSamples(np.random.default_rng(seed).normal(0, 20, (len(LABELS), n_samples)).astype(np.float32)),
        times_s=times_s,
        remarks=(),
        events=EVENTS,
    )


def messages(given: Recording) -> list[Message]:
    """What `encode` would write."""
    sink = Kept()
    encode_streams([given], engine(), SignalOptions(), sink, lambda _: None)
    return sink


def table(folder: Path, given: Recording, names: RecordingNames | None = None) -> Path:
    """The recording as a table of its own."""
    path = folder / f"{given.name}.parquet"
    with write_table(path, names or RecordingNames(given.name, "made", given.name)) as sink:
        for message in messages(given):
            sink.write(message)
    return path
