"""Codes as recordings of MNE-Python.

C channels, P patches.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.codec.trust import SHIPPED_ONLY, Trust
from eegstream.coded_recordings import CodedRecording, read_coded
from eegstream.decoding import Reconstruction, choose_stream, reconstruct
from eegstream.errors import EegstreamError
from eegstream.files.segments import CodedSegment
from eegstream.regular import RegularSignal, on_grid

SKIP = "BAD_ACQ_SKIP"
"""MNE-Python's own word for a time without samples."""
FLAG_NAMES = {1: "BAD_imputed", 2: "BAD_amplitude", 4: "BAD_flat", 8: "BAD_filled", 16: "segment_start"}
"""What a flag of a patch is called. MNE-Python leaves out what begins with BAD."""


def read_codes(path: str | Path, stream: str | None = None, *, kind: str = "mse", trust: Trust = SHIPPED_ONLY) -> Any:
    """A codes file, or a table of one recording, as `mne.io.RawArray` in volts, at the model's rate.

    Times count from the first decoded sample, to the sample. Where there is no signal are zeros, with the annotation
    BAD_ACQ_SKIP. Events are annotations, and so are flags, with their channels. `kind` is as in `Tokenizer.decode`.

    Raises:
        BundleError: the bundle that made the codes is not at hand.
        CodesFileError: the file cannot be read, or holds several streams.
        EegstreamError: MNE-Python is not installed.
    """
    found = read_coded(Path(path)).recordings
    segments = choose_stream([segment for recording in found for segment in recording.segments], stream)
    events = next(one.events for one in found if one.segments and one.segments[0].stream == segments[0].stream)
    made_by = segments[0].spec.model
    engine = Engine(load(f"{made_by.name}@{made_by.version}", trust=trust), choose_device("cpu"))
    made = reconstruct(segments, engine, kind)
    return to_raw(on_grid(made), made, CodedRecording(segments[0].stream, segments, events))


def to_raw(signal: RegularSignal, made: Reconstruction, coded: CodedRecording) -> Any:
    """A regular signal, with the events and flags of its codes, as `mne.io.RawArray`.

    Raises:
        EegstreamError: MNE-Python is not installed.
    """
    try:
        import mne  # noqa: PLC0415 - an extra
    except ImportError:
        raise EegstreamError("MNE-Python is not installed", "pip install 'eegstream[files]'") from None
    names = _unique(made.labels)
    info = mne.create_info(names, signal.rate_hz, "eeg", verbose="ERROR")
    raw = mne.io.RawArray(signal.eeg_uv * 1e-6, info, verbose="ERROR")
    notes = [
        *_skips(signal),
        *((event.t - signal.start_s, event.duration or 0.0, event.label, ()) for event in coded.events),
        *((start - signal.start_s, length, text, own) for start, length, text, own in _flags(coded.segments, names)),
    ]
    end_s = signal.eeg_uv.shape[1] / signal.rate_hz
    inside = sorted(note for note in notes if note[0] + note[1] >= 0 and note[0] < end_s)
    if inside:
        starts, lengths, texts, channels = zip(*inside, strict=True)
        onsets = np.maximum(starts, 0.0)
        durations = np.minimum(np.add(starts, lengths), end_s) - onsets
        raw.set_annotations(mne.Annotations(onsets, durations, texts, ch_names=list(channels)), verbose="ERROR")
    return raw


def _skips(signal: RegularSignal) -> Iterator[tuple[float, float, str, tuple[str, ...]]]:
    for first, stop in signal.empty:
        yield first / signal.rate_hz, (stop - first) / signal.rate_hz, SKIP, ()


def _flags(
    segments: Sequence[CodedSegment], names: Sequence[str]
) -> Iterator[tuple[float, float, str, tuple[str, ...]]]:
    """Start, length, name and channels of every run of patches with a flag; no channels stands for all."""
    for segment in segments:
        hop_s = segment.spec.hop / (segment.spec.model_rate_hz or segment.spec.rate_hz)
        patch_s = segment.spec.patch / (segment.spec.model_rate_hz or segment.spec.rate_hz)
        for flag, text in FLAG_NAMES.items():
            runs: dict[tuple[int, int], list[str]] = {}
            for channel, name in enumerate(names):
                is_set = np.concatenate([[False], (segment.flags[:, channel] & flag) != 0, [False]])
                for first, stop in np.flatnonzero(np.diff(is_set.astype(np.int8))).reshape(-1, 2).tolist():
                    runs.setdefault((first, stop), []).append(name)
            for (first, stop), channels in runs.items():
                start_s = float(segment.t[first])
                length_s = float(segment.t[stop - 1]) - start_s + (patch_s if patch_s > hop_s else hop_s)
                yield start_s, length_s, text, () if len(channels) == len(names) else tuple(channels)


def _unique(labels: Sequence[str]) -> list[str]:
    """Labels that MNE-Python takes: each once."""
    return [
        label if labels.count(label) == 1 else f"{label}-{labels[: place + 1].count(label)}"
        for place, label in enumerate(labels)
    ]
