"""Read a table of tokens as segments, for what works on codes files.

P patches, C channels, G codes of a patch.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import CodesFileError
from eegstream.files.placing import PlacedEvent
from eegstream.files.segments import CodedSegment
from eegstream.tables.columns import codes_of, flags_of
from eegstream.tables.files import opened
from eegstream.tables.schema import TableFacts
from eegstream.wire.messages import ModelIdentity, Source, Spec, UtcMark

_PLAIN = ("recording", "stream", "channel", "segment", "first", "t0", "patch_s", "rate_hz", "t", "events")


@dataclass(frozen=True)
class TableRecording:
    """One recording of a table."""

    name: str
    segments: list[CodedSegment]
    """In order. Their specs hold what a table says; the rest is empty."""
    events: list[PlacedEvent]
    """In order of time, each once."""


@dataclass
class _Stretch:
    row: dict[str, Any]
    """The first channel's."""
    channels: list[str] = field(default_factory=list)
    codes: list[NDArray[np.uint16]] = field(default_factory=list)
    """C arrays (P, G)."""
    flags: list[NDArray[np.uint8]] = field(default_factory=list)
    """C arrays (P,)."""

    @property
    def t(self) -> NDArray[np.float64]:
        """(P,), outlet-clock seconds."""
        if self.row["t"] is not None:
            return np.array(self.row["t"], np.float64)
        return np.asarray(self.row["t0"] + np.arange(len(self.flags[0])) * self.row["patch_s"], np.float64)


def read_tables(path: Path) -> list[TableRecording]:
    """The recordings of a table, in its order; rows may be in any order.

    Raises:
        CodesFileError: it cannot be read, is no table of tokens, or a segment's rows do not fit together.
    """
    recordings: dict[str, dict[int, dict[int, _Stretch]]] = {}
    with opened(path) as (file, facts):
        for batch in file.iter_batches():
            codes, flags = codes_of(batch), flags_of(batch)
            for number, row in enumerate(batch.select(list(_PLAIN)).to_pylist()):
                segments = recordings.setdefault(row["recording"], {})
                stretch = segments.setdefault(row["segment"], {}).setdefault(row["first"], _Stretch(row))
                stretch.channels.append(row["channel"])
                stretch.codes.append(codes[number])
                stretch.flags.append(flags[number])
    return [_recording(name, segments, facts) for name, segments in recordings.items()]


def _recording(name: str, segments: dict[int, dict[int, _Stretch]], facts: TableFacts) -> TableRecording:
    made = [
        _segment(name, number, [stretches[first] for first in sorted(stretches)], facts)
        for number, stretches in sorted(segments.items())
    ]
    events = {
        PlacedEvent(**event): None
        for stretches in segments.values()
        for stretch in stretches.values()
        for event in stretch.row["events"]
    }
    return TableRecording(name, made, sorted(events, key=lambda event: event.t))


def _segment(name: str, number: int, stretches: list[_Stretch], facts: TableFacts) -> CodedSegment:
    channels = {tuple(stretch.channels) for stretch in stretches}
    sizes = {(len(codes), len(flags)) for s in stretches for codes, flags in zip(s.codes, s.flags, strict=True)}
    if len(channels) != 1 or any(codes != flags for codes, flags in sizes):
        raise CodesFileError(
            f"segment {number} of {name} has rows of {len(channels)} different lists of channels, or of different "
            "numbers of patches and flags",
            "Give the rows of all its channels, each once",
        )
    first = stretches[0].row
    return CodedSegment(
        spec=_spec(first, channels.pop(), facts),
        segment=number,
        index=np.concatenate([s.row["first"] + np.arange(len(s.flags[0]), dtype=np.int64) for s in stretches]),
        codes=np.concatenate([np.stack(stretch.codes, axis=1) for stretch in stretches]),
        flags=np.concatenate([np.stack(stretch.flags, axis=1) for stretch in stretches]),
        t=np.concatenate([stretch.t for stretch in stretches]),
        account=None,
    )


def _spec(row: dict[str, Any], channels: tuple[str, ...], facts: TableFacts) -> Spec:
    name = row["stream"] or row["recording"]
    return Spec(
        stream=name,
        run="0" * 16,
        epoch=0,
        seq=0,
        source=Source(
            name=row["recording"], type="", source_id="", uid="", hostname="", session_id="", format="float32"
        ),
        rate_hz=row["rate_hz"],
        channels=channels,
        left_out=(),
        unit_scale=(1.0,) * len(channels),
        model=ModelIdentity(name=facts.bundle.name, version=facts.bundle.version, sha256=facts.bundle.sha256),
        patch=facts.patch,
        hop=facts.hop,
        words=facts.words,
        model_rate_hz=facts.frontend.model_rate_hz,
        frontend=facts.frontend,
        delay_s=0.0,
        device="",
        precision="",
        torch="",
        utc=UtcMark(iso="", clock=0.0),
        notes=(),
    )
