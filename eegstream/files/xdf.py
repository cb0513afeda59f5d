"""Read the EEG stream of an XDF file, stamps as they were recorded.

C channels, T samples.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eegstream.dsp.channels import printable
from eegstream.errors import RecordingError
from eegstream.files.rates import measured_rate_hz, snapped_rate_hz, stamp_remarks
from eegstream.files.signals import Signals
from eegstream.files.third_party import missing_extra, quietly

MAGIC = b"XDF:"


class _Messages(logging.Handler):
    """Keeps what a library would print."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note one message."""
        self.texts.append(printable(record.getMessage()))


def read_xdf(path: Path, rate_hz: float | None = None) -> list[Signals]:
    """The channels of the file's EEG stream; of several, the one with most samples."""
    streams, remarks = _load(path)
    stream, more = _eeg_stream(streams, path.name)
    remarks += more
    info = stream["info"]
    values = np.asarray(stream["time_series"])
    times_s = np.asarray(stream["time_stamps"], np.float64)
    n_channels = values.shape[1]
    labels, types, units = (_described(info, key, n_channels) for key in ("label", "type", "unit"))
    rate = _nominal_rate_hz(info) or rate_hz
    if rate is None:
        measured_hz = measured_rate_hz(times_s)
        if measured_hz is None:
            raise RecordingError(f"{path.name} has no rate and no usable stamps", remedy="Give the rate with --rate")
        rate = snapped_rate_hz(measured_hz)
    if stream.get("footer") is None:
        remarks.append("truncated: the stream has no end, the recording was not closed or was cut")
    return [
        Signals(
            rate_hz=rate,
            labels=labels,
            types=types,
            units=units,
            read=lambda index: values[:, index].astype(np.float64),
            times_s=times_s,
            remarks=(*remarks, *stamp_remarks(times_s, rate)),
        )
    ]


def _load(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Every stream of the file, with raw stamps, and what the library had to say."""
    try:
        import pyxdf  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError:
        raise missing_extra("XDF", "pyxdf") from None
    logger = logging.getLogger("pyxdf")
    messages = _Messages()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(messages)
    try:
        with quietly():
            streams, _ = pyxdf.load_xdf(
                str(path), dejitter_timestamps=False, synchronize_clocks=False, handle_clock_resets=False
            )
    except Exception as error:  # noqa: BLE001  (whatever a parser does on a damaged file, the file is what is wrong)
        raise RecordingError(
            f"{path.name} is no readable XDF file ({type(error).__name__}: {printable(str(error))})",
            remedy="Get the file again",
        ) from None
    finally:
        logger.removeHandler(messages)
        logger.propagate = propagated
    return list(streams), [f"the XDF reader says: {text}" for text in dict.fromkeys(messages.texts)]


def _eeg_stream(streams: Sequence[dict[str, Any]], name: str) -> tuple[dict[str, Any], list[str]]:
    """The stream of type EEG with most samples."""
    found = ", ".join(f"{_first(s['info'], 'name')} (type {_first(s['info'], 'type')})" for s in streams)
    eeg = [s for s in streams if _first(s["info"], "type").upper() == "EEG" and _is_numeric(s)]
    if not eeg:
        raise RecordingError(
            f"{name} has no numeric stream of type EEG with samples (it holds: {found or 'no stream'})",
            remedy="Give a recording that holds EEG",
        )
    best = max(eeg, key=lambda s: len(s["time_stamps"]))
    if len(eeg) == 1:
        return best, []
    return best, [f"{len(eeg)} EEG streams, the one with most samples was read: {_first(best['info'], 'name')}"]


def _is_numeric(stream: dict[str, Any]) -> bool:
    return (
        len(stream["time_stamps"]) > 0
        and np.asarray(stream["time_series"]).ndim == 2
        and (np.asarray(stream["time_series"]).dtype.kind in "iuf")
    )


def _described(info: Any, key: str, n_channels: int) -> tuple[str, ...]:
    """One entry a channel of the stream's description; "" where it says nothing."""
    try:
        channels = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, IndexError, TypeError):
        channels = []
    texts = [_first(channel, key) for channel in channels[:n_channels]]
    return tuple(texts + [""] * (n_channels - len(texts)))


def _first(entry: Any, key: str) -> str:
    """The text of an XML element as the library gives it: a list of one, or nothing."""
    try:
        return printable(str(entry[key][0] or ""))
    except (KeyError, IndexError, TypeError):
        return ""


def _nominal_rate_hz(info: Any) -> float | None:
    try:
        rate_hz = float(_first(info, "nominal_srate"))
    except ValueError:
        return None
    return rate_hz if np.isfinite(rate_hz) and rate_hz > 0 else None
