"""Decode codes to signals.

P patches, C channels, N samples in a patch, T samples that at least one patch covers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.engine import Engine
from eegstream.errors import CodesFileError
from eegstream.files.segments import CodedSegment
from eegstream.joining import Decoder, PatchCodes, weights


@dataclass(frozen=True)
class Reconstruction:
    """The front-ended signal as decoded from its codes."""

    eeg_uv: NDArray[np.float32]
    """(C, T), at the model's rate; where patches overlap, their mean, weighted towards the middle of each."""
    rate_hz: float
    """The model's rate."""
    labels: tuple[str, ...]
    t: NDArray[np.float64]
    """(T,), outlet-clock seconds."""
    epoch: NDArray[np.int32]
    """(T,)"""
    segment: NDArray[np.int32]
    """(T,)"""
    uncovered_s: float
    """Seconds of the source at the ends of segments that no patch covers, as far as the file states them."""
    unaccounted: int
    """Number of segments whose closing message is not in the file."""

    def __repr__(self) -> str:
        channels, samples = self.eeg_uv.shape
        seconds = samples / self.rate_hz
        return f"Reconstruction({channels} channels x {samples} samples at {self.rate_hz:g} Hz, {seconds:.1f} s)"


def choose_stream(segments: list[CodedSegment], stream: str | None) -> list[CodedSegment]:
    """The segments of one stream, whose epochs must agree in channels, rate and model.

    Raises:
        CodesFileError: there are no streams, or several to choose from, or the epochs do not fit into one array.
    """
    names = sorted({segment.stream for segment in segments})
    if not names:
        raise CodesFileError("the file holds no codes", "Encode a longer recording")
    if stream is None and len(names) > 1:
        raise CodesFileError(f"the file holds {len(names)} streams: {', '.join(names)}", "Name one with --stream")
    chosen = [segment for segment in segments if segment.stream == (stream or names[0])]
    if not chosen:
        raise CodesFileError(f"the file holds no stream {stream!r}", f"It has {', '.join(names)}")
    geometries = {(part.spec.channels, part.spec.rate_hz, part.spec.model.sha256) for part in chosen}
    if len(geometries) > 1:
        raise CodesFileError(
            f"{chosen[0].stream} changes its channels, rate or model between epochs",
            "Record each of these epochs into its own file",
        )
    return chosen


def reconstruct(segments: list[CodedSegment], engine: Engine, kind: str = "mse") -> Reconstruction:
    """Decode segments of one geometry, each for itself; `kind` is one of the bundle's decodes, or `joint`.

    Borders between consecutive patches are smoothed. `joint` is the decode of least error, filtered across the channels
    with correlations from the whole segment's codes.

    Raises:
        ConfigError: the bundle does not have this decode.
    """
    spec = segments[0].spec
    rate_hz = spec.model_rate_hz or spec.rate_hz
    decoder = Decoder(engine, kind)
    parts = [_reconstruct_segment(segment, decoder, rate_hz) for segment in segments]
    sizes = [len(t) for _, t in parts]
    accounts = [segment.account for segment in segments if segment.account is not None]
    return Reconstruction(
        eeg_uv=np.concatenate([eeg_uv for eeg_uv, _ in parts], axis=1),
        rate_hz=rate_hz,
        labels=spec.channels,
        t=np.concatenate([t for _, t in parts]),
        epoch=np.repeat(np.array([segment.epoch for segment in segments], np.int32), sizes),
        segment=np.repeat(np.array([segment.segment for segment in segments], np.int32), sizes),
        uncovered_s=sum(account.discarded for account in accounts) / spec.rate_hz,
        unaccounted=len(segments) - len(accounts),
    )


def _reconstruct_segment(
    segment: CodedSegment, decoder: Decoder, rate_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The covered samples (C, T) of a segment with their times (T,)."""
    spec = segment.spec
    n_patches, n_channels, _ = segment.codes.shape
    if n_patches == 0:
        return np.empty((n_channels, 0), np.float32), np.empty(0)
    given = PatchCodes(segment.codes, segment.index, segment.flags, spec.rate_hz, rate_hz, spec.hop)
    positions = (segment.index[:, None] - segment.index[0]) * spec.hop + np.arange(spec.patch)
    length = int(positions[-1, -1]) + 1
    own = weights(spec.patch, spec.hop)
    total, weight = np.zeros((n_channels, length)), np.zeros(length)
    number = 0
    for block in decoder.decode(given):
        for samples in block:
            total[:, positions[number]] += samples * own
            weight[positions[number]] += own
            number += 1
    covered = weight > 0
    t = times_of_samples_s(positions[:, 0], segment.t, length, rate_hz)
    return (total[:, covered] / weight[covered]).astype(np.float32), t[covered]


def times_of_samples_s(
    starts: NDArray[np.int64], t: NDArray[np.float64], length: int, rate_hz: float
) -> NDArray[np.float64]:
    """Times (length,) of samples whose patches begin at `starts` (P,) and at the times `t` (P,).

    A sample's time is that of its patch and of the next one, by its place between them. So the samples keep the pace of
    the device's clock, which may differ from the stated rate.
    """
    place = np.arange(length)
    step_s = (t[-1] - t[-2]) / (starts[-1] - starts[-2]) if len(t) > 1 else 1 / rate_hz
    behind = np.maximum(place - starts[-1], 0)
    return np.asarray(np.interp(place, starts, t) + behind * step_s, np.float64)
