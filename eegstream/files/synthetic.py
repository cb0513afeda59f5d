"""Synthetic EEG with known contents, for demonstrations, tests and first training.

C channels, T samples, microvolts. It has no power near or above half the rate.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError
from eegstream.files import synthetic_parts as parts
from eegstream.files.bandlimited import Grid
from eegstream.files.electrode_positions import MAX_ELECTRODES, head_labels, head_positions
from eegstream.files.recordings import MICROVOLTS, SYNTHETIC_PREFIX, Recording
from eegstream.files.samples import HeldSamples

_EXAMPLE = "synthetic:rate=250,channels=8,seconds=60,seed=1"
_RATES_HZ = (1.0, 50000.0)
_LARGEST_NUMBERS = 1 << 29
_LARGEST_SEED = (1 << 63) - 1


@dataclass(frozen=True)
class SyntheticTruth:
    """The events and components of synthetic EEG. At low rates, fast events are attenuated in the samples."""

    eyes_closed_s: parts.Spans
    """When the alpha rhythm is strong."""
    blinks_s: tuple[float, ...]
    """Peak times; there are no blinks while the eyes are closed."""
    emg_s: parts.Spans
    """Bursts of temporal muscle."""
    components_uv: dict[str, NDArray[np.float64]]
    """(C, T) each; the samples are their sum in this order."""


@dataclass(frozen=True)
class SyntheticEeg:
    """Synthetic EEG and its components."""

    samples_uv: NDArray[np.float32]
    """(C, T)."""
    rate_hz: float
    labels: tuple[str, ...]
    """(C,)."""
    truth: SyntheticTruth


@dataclass(frozen=True)
class _Events:
    """Times of the events, in seconds."""

    eyes_closed_s: parts.Spans
    blinks_s: tuple[float, ...]
    emg_s: parts.Spans


@dataclass(frozen=True)
class _Spec:
    """The keys of a "synthetic:" path, with their defaults."""

    rate: float = 250.0
    channels: int = 8
    seconds: float = 60.0
    seed: int = 0

    @property
    def grid(self) -> Grid:
        """The sample times."""
        return Grid(self.rate, round(self.rate * self.seconds))

    def __str__(self) -> str:
        """The canonical text of the specification."""
        return SYNTHETIC_PREFIX + ",".join(f"{key}={_plain(value)}" for key, value in asdict(self).items())


def synthesize(rate_hz: float, n_channels: int, seconds: float, seed: int) -> SyntheticEeg:
    """Synthetic EEG (C, T) with its truth; the same arguments give the same bits."""
    spec = _checked(_Spec(float(rate_hz), n_channels, float(seconds), seed))
    events = _events(spec)
    components = dict(_components(spec, events))
    truth = SyntheticTruth(events.eyes_closed_s, events.blinks_s, events.emg_s, components)
    return SyntheticEeg(_sum(components.values()).astype(np.float32), spec.rate, head_labels(n_channels), truth)


def read_synthetic(spec: str) -> Recording:
    """The synthetic recording of a text like "synthetic:rate=250,channels=8,seconds=60,seed=1"; all keys optional."""
    parsed = _checked(_parsed(spec))
    components = (component for _, component in _components(parsed, _events(parsed)))
    labels = head_labels(parsed.channels)
    return Recording(
        name=f"synthetic-{_plain(parsed.rate)}hz-{parsed.channels}ch",
        source_id=f"file:{hashlib.sha256(str(parsed).encode()).hexdigest()[:16]}",
        rate_hz=parsed.rate,
        labels=labels,
        types=("EEG",) * len(labels),
        units=(MICROVOLTS,) * len(labels),
        pieces=HeldSamples(_sum(components).astype(np.float32)),
        times_s=parsed.grid.times_s,
        remarks=(),
    )


def _plain(number: float) -> str:
    """The shortest exact text of a number: 250, 173.61."""
    return repr(number).removesuffix(".0")


def _wrong(what: str) -> RecordingError:
    """The error for a wrong specification."""
    known = ", ".join(f"{key} (default {_plain(default)})" for key, default in asdict(_Spec()).items())
    return RecordingError(f"{what}; known keys are {known}", remedy=f"Write for example {_EXAMPLE}")


def _parsed(text: str) -> _Spec:
    """Parse a specification; RecordingError says what is wrong with it."""
    kinds = {key: type(default) for key, default in asdict(_Spec()).items()}
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.removeprefix(SYNTHETIC_PREFIX).split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in kinds:
            raise _wrong(f"{part!r} was given, expected key=number")
        if key in found:
            raise _wrong(f"{key} was given twice, expected once")
        if not re.fullmatch(r"[+-]?[0-9]{1,40}" if kinds[key] is int else r"[0-9.eE+-]{1,40}", value):
            raise _wrong(f"{part!r} was given, expected {'a whole number' if kinds[key] is int else 'a number'}")
        try:
            found[key] = kinds[key](value)
        except ValueError:
            raise _wrong(f"{part!r} was given, expected a number") from None
    return _Spec(**found)  # type: ignore[arg-type]  # each value has its key's type


def _checked(spec: _Spec) -> _Spec:
    """The specification, if its values are possible; else RecordingError."""
    low, high = _RATES_HZ
    if not low <= spec.rate <= high:
        raise _wrong(f"rate={_plain(spec.rate)} was given, expected {low:g} to {high:g} Hz")
    if not 1 <= spec.channels <= MAX_ELECTRODES:
        raise _wrong(f"channels={spec.channels} was given, expected 1 to {MAX_ELECTRODES}")
    if not 0 <= spec.seed <= _LARGEST_SEED:
        raise _wrong(f"seed={spec.seed} was given, expected 0 to {_LARGEST_SEED}")
    fine = Grid(spec.rate, 2).fine
    longest_s = _LARGEST_NUMBERS / (spec.channels + parts.N_SOURCES + 8 * fine) / spec.rate
    if not (math.isfinite(spec.seconds) and round(spec.rate * spec.seconds) >= 2 and spec.seconds <= longest_s):
        raise _wrong(
            f"seconds={_plain(spec.seconds)} was given, expected at least 2 samples and, for {spec.channels} channels "
            f"at {_plain(spec.rate)} Hz, at most {longest_s:.0f}"
        )
    return spec


def _sum(components: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(C, T) sum, in the order given; only one component is in memory at a time."""
    remaining = iter(components)
    total = next(remaining).copy()
    for component in remaining:
        total += component
    return total


def _rng(spec: _Spec, part: int) -> np.random.Generator:
    """Random generator of one part of the signal, independent of other parts and seeds."""
    return np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(part,)))


def _events(spec: _Spec) -> _Events:
    """Draw the times of closed eyes, of blinks and of muscle bursts."""
    rng = _rng(spec, 0)
    closed = _spans(spec.seconds, (3, 8), (4, 10), 1.0, rng)
    peaks = np.cumsum(rng.uniform(1.5, 5.5, 1 + int(spec.seconds / 1.5)))
    blinks = (
        float(peak)
        for peak in peaks[peaks < spec.seconds - 0.3]
        if not any(start - 0.3 < peak < stop + 0.3 for start, stop in closed)
    )
    return _Events(closed, tuple(blinks), _spans(spec.seconds, (3, 14), (0.5, 2), 0.3, rng))


def _spans(
    seconds: float,
    between_s: tuple[float, float],
    lasting_s: tuple[float, float],
    shortest_s: float,
    rng: np.random.Generator,
) -> parts.Spans:
    """Spans with pauses between them, until the end of the recording."""
    spans = []
    start = rng.uniform(*between_s)
    while start + shortest_s < seconds:
        stop = min(seconds, start + rng.uniform(*lasting_s))
        spans.append((start, stop))
        start = stop + rng.uniform(*between_s)
    return tuple(spans)


def _components(spec: _Spec, events: _Events) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Name and values (C, T) of each component, computed one after the other."""
    grid = spec.grid
    positions = head_positions(spec.channels)
    yield "background", parts.background(grid, positions, _rng(spec, 1))
    yield "alpha", parts.alpha(grid, positions, events.eyes_closed_s, _rng(spec, 2))
    yield "blinks", parts.blinks(grid, positions, events.blinks_s, _rng(spec, 3))
    yield "emg", parts.emg(grid, positions, events.emg_s, _rng(spec, 4))
    yield "mains", parts.mains(grid, spec.channels, _rng(spec, 5))
    yield "drift", parts.drift(grid, spec.channels, _rng(spec, 6))
    yield "amplifier", parts.amplifier(grid, spec.channels, _rng(spec, 7))
