"""Store front-ended recordings on disk and map them into memory, so that each is prepared only once.

An entry is two files, named by a hash of all that its content depends on: KEY.npy holds float32 microvolts, KEY.json
their layout. Both depend on the recording and the settings only, not on the process that writes them. KEY.json is
written last, so an entry is complete or absent, and several processes may write the same one.

C channels, T samples of a segment.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.files.contents import content_sha256, files_of, states_of
from eegstream.files.recordings import SYNTHETIC_PREFIX
from trainer.data.recording_overrides import RecordingOverrides
from trainer.data.splits import RecordingSource

_LAYOUT = 2


@dataclass(frozen=True)
class Entry:
    """The layout of the samples of one recording: segment by segment, channel by channel."""

    rate_hz: float
    """The rate that the model is given."""
    labels: tuple[str, ...]
    """(C,)"""
    left_out: tuple[str, ...]
    """Labels of channels that are not EEG, or bad."""
    lengths: tuple[int, ...]
    """T of each segment, at the model's rate."""
    remarks: tuple[str, ...]
    """Irregularities of the recording, and assumptions about it."""
    parts: int = 1
    """Entries of the file at its own rates: one for each EEG stream, and one for each change of its rate."""
    lost: tuple[str, ...] = ()
    """Streams of the file that cannot be used, and why."""


class SignalCache:
    """The cache in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def key(
        self,
        content: str,
        settings: FrontEndSettings,
        device_rate_hz: float | None,
        overrides: RecordingOverrides | None = None,
        part: int = 0,
    ) -> str:
        """The name of the entry of one part of a recording with this `content`, processed by this signal path."""
        decided = [
            _LAYOUT,
            version("eegstream"),
            content,
            asdict(settings),
            device_rate_hz,
            asdict(overrides or RecordingOverrides()),
            part,
        ]
        return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:32]

    def find(self, key: str) -> Entry | None:
        """The entry; None if there is none."""
        try:
            said = json.loads(self._path(key, "json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Entry(
            rate_hz=said["rate_hz"],
            labels=tuple(said["labels"]),
            left_out=tuple(said["left_out"]),
            lengths=tuple(said["lengths"]),
            remarks=tuple(said["remarks"]),
            parts=said["parts"],
            lost=tuple(said["lost"]),
        )

    def segments(self, key: str, entry: Entry) -> list[NDArray[np.float32]]:
        """Segments (C, T) of an entry, mapped into memory."""
        if not entry.lengths:
            return []
        flat = np.load(self._path(key, "npy"), mmap_mode="r").view(np.ndarray)
        channels = len(entry.labels)
        stops = channels * np.cumsum(entry.lengths)
        return [
            flat[stop - channels * length : stop].reshape(channels, length)
            for stop, length in zip(stops, entry.lengths, strict=True)
        ]

    def put(self, key: str, entry: Entry, segments: Sequence[NDArray[np.float32]]) -> None:
        """Write an entry."""
        folder = self._path(key, "npy").parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as own:
            flat = np.concatenate([x.ravel() for x in segments]) if segments else np.empty(0, np.float32)
            np.save(Path(own, "npy"), flat)
            Path(own, "json").write_text(json.dumps(asdict(entry), sort_keys=True, indent=1), encoding="utf-8")
            Path(own, "npy.npy").replace(self._path(key, "npy"))
            Path(own, "json").replace(self._path(key, "json"))

    def known_content(self, source: RecordingSource) -> str | None:
        """The content digest of a source, if its files have not changed since it was computed; else None."""
        if source.path.startswith(SYNTHETIC_PREFIX):
            return source.path
        try:
            memo = json.loads(self._memo(source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        content: str = memo["content"]
        return content if memo["files"] == _state(source) else None

    def read_content(self, source: RecordingSource) -> str:
        """The content digest of a source, over all its files.

        Raises:
            OSError: a file cannot be read.
        """
        known = self.known_content(source)
        if known is not None:
            return known
        state = _state(source)
        content = content_sha256(_files(source))
        memo = self._memo(source)
        memo.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=memo.parent, prefix=".writing-") as own:
            written = Path(own, "json")
            written.write_text(json.dumps({"content": content, "files": state}), encoding="utf-8")
            written.replace(memo)
        return content

    def _memo(self, source: RecordingSource) -> Path:
        where = json.dumps([str(path.resolve()) for path in _named(source)])
        return self.folder / "contents" / f"{hashlib.sha256(where.encode()).hexdigest()[:32]}.json"

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / key[:2] / f"{key}.{ending}"


def _named(source: RecordingSource) -> list[Path]:
    """The files that a source names."""
    return [Path(source.path), *([Path(source.channels)] if source.channels else [])]


def _files(source: RecordingSource) -> list[Path]:
    """All files on which the content of a source depends."""
    first, *rest = _named(source)
    return [*files_of(first), *rest]


def _state(source: RecordingSource) -> list[list[str | int]]:
    """Name, size and time of each file; if these are the same, so is the content."""
    return [[state.name, state.size, state.modified_ns] for state in states_of(_files(source))]
