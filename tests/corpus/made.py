"""A corpus of recordings made from seeds: several formats, rates and lengths, and some that are damaged."""

from collections.abc import Sequence
from pathlib import Path

import edfio
import numpy as np

from eegstream.files.synthetic import synthesize

RATES_HZ = (128, 250, 256, 500)


def make_corpus(
    folder: Path, count: int, *, seconds: tuple[float, float] = (4, 12), channels: int = 2, damaged: int = 3
) -> list[Path]:
    """`count` recordings in folders of ten, EDF and CSV by turns; the last `damaged` of them cannot be read."""
    lengths = np.random.default_rng(count).uniform(*seconds, count)
    return [
        _damaged(folder, number)
        if number >= count - damaged
        else make_recording(folder, number, round(float(lengths[number])), channels)
        for number in range(count)
    ]


def make_recording(folder: Path, number: int, seconds: int, channels: int) -> Path:
    """One recording whose samples follow from its number."""
    rate_hz = RATES_HZ[number % len(RATES_HZ)]
    eeg = synthesize(rate_hz, channels, seconds, number)
    path = folder / f"s{number // 10:02}" / f"r{number:03}{'.csv' if number % 5 == 4 else '.edf'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".edf":
        write_edf(path, eeg.samples_uv, rate_hz, eeg.labels)
    else:
        times_s = np.arange(eeg.samples_uv.shape[1]) / rate_hz
        np.savetxt(
            path,
            np.vstack([times_s, eeg.samples_uv]).T,
            fmt="%.6f",
            delimiter=",",
            header=",".join(["time", *eeg.labels]),
            comments="",
        )
    return path


def write_edf(path: Path, samples_uv: np.ndarray, rate_hz: float, labels: Sequence[str]) -> None:
    """An EDF file of samples (C, T)."""
    signals = [
        edfio.EdfSignal(channel, rate_hz, label=label, physical_dimension="uV", physical_range=(-3000, 3000))
        for channel, label in zip(np.clip(samples_uv, -2999, 2999).astype(float), labels, strict=True)
    ]
    edfio.Edf(signals).write(path)


def _damaged(folder: Path, number: int) -> Path:
    path = folder / "damaged" / f"r{number:03}.edf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes([b"0       " + b"x" * 300, b"no recording", b""][number % 3])
    return path
