"""Read the streams of an XDF file, with the timestamps as recorded.

C channels, T samples.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.rates import measured_rate_hz, snapped_rate_hz, timestamp_remarks
from eegstream.files.signals import Signals, overridden_rate
from eegstream.files.third_party import missing_extra, quietly
from eegstream.files.xdf_channels import described_channels, first_text
from eegstream.files.xdf_events import is_marker_stream, marked_events

MAGIC = b"XDF:"

_EEG = "EEG"


class _Messages(logging.Handler):
    """Keeps what a library would print."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note one message."""
        self.texts.append(printable(record.getMessage()))


def read_xdf(path: Path, rate_hz: float | None = None) -> list[Signals]:
    """Every numeric stream in the file. Marker and text streams become events of each of them.

    `rate_hz` applies to streams that state no rate. It also overrides the stated rate of the only EEG stream, or of
    the only stream. If there are several, the caller must know which one it is meant for.
    """
    streams, remarks = _load(path)
    held = ", ".join(f"{first_text(s['info'], 'name')} (type {_kind(s)})" for s in streams) or "no stream"
    numeric = [stream for stream in streams if _is_numeric(stream)]
    eeg = [stream for stream in numeric if _kind(stream).upper() == _EEG] or numeric
    rates = [_rate_hz(stream, rate_hz, overrides=len(eeg) == 1 and stream is eeg[0]) for stream in numeric]
    names = _unique_names(numeric)
    lost = [name for name, (rate, _) in zip(names, rates, strict=True) if rate is None]
    if len(lost) == len(numeric):
        lacks, remedy = (
            ("stream with a rate or usable timestamps", "Give the rate with --rate")
            if numeric
            else ("numeric stream with samples", "Give a recording that holds EEG")
        )
        raise RecordingError(f"{path.name} has no {lacks} (it holds: {held})", remedy=remedy)
    if lost:
        remarks.append(f"left out because they have neither a rate nor usable timestamps: {', '.join(lost)}")
    return [
        replace(_signals(stream, name, rate, [*remarks, *more]), events=marked_events(streams, stream))
        for stream, name, (rate, more) in zip(numeric, names, rates, strict=True)
        if rate is not None
    ]


def _signals(stream: dict[str, Any], name: str, rate_hz: float, remarks: Sequence[str]) -> Signals:
    values = np.asarray(stream["time_series"])
    times_s = np.asarray(stream["time_stamps"], np.float64)
    channels = described_channels(stream["info"], values.shape[1])
    ended = stream.get("footer") is not None
    cut = [] if ended else ["truncated: the stream has no end, the recording was not closed or was cut"]
    return Signals(
        rate_hz=rate_hz,
        labels=channels.labels,
        types=channels.types,
        units=channels.units,
        read=lambda start, stop: values[start:stop].T.astype(np.float64),
        times_s=times_s,
        remarks=(*remarks, *channels.remarks, *cut, *timestamp_remarks(times_s, rate_hz)),
        name=name,
        kind=_kind(stream),
        timestamped=True,
        device=name,
    )


def _load(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Every stream of the file, with raw timestamps, and the library's messages."""
    try:
        import pyxdf  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError:
        raise missing_extra("XDF", "pyxdf") from None
    logger = logging.getLogger("pyxdf")
    messages = _Messages()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(messages)
    try:
        with quietly(), path.open("rb") as file:  # opened here: given the name, the library would unpack it again
            streams, _ = pyxdf.load_xdf(
                file, dejitter_timestamps=False, synchronize_clocks=False, handle_clock_resets=False
            )
    except Exception as error:  # noqa: BLE001  (any error of the parser means a damaged file)
        raise RecordingError(
            f"{path.name} cannot be read as XDF ({type(error).__name__}: {printable(str(error))})",
            remedy="Get the file again",
        ) from None
    finally:
        logger.removeHandler(messages)
        logger.propagate = propagated
    return list(streams), [f"the XDF reader says: {text}" for text in dict.fromkeys(messages.texts)]


def _rate_hz(stream: dict[str, Any], asked_hz: float | None, *, overrides: bool) -> tuple[float | None, list[str]]:
    """The stream's rate (stated, else given by the user, else measured from its timestamps, else None), and remarks."""
    stated_hz = _nominal_rate_hz(stream["info"])
    if stated_hz is not None:
        if not overrides or asked_hz is None or abs(asked_hz - stated_hz) <= 1e-6 * stated_hz:
            return stated_hz, []
        return asked_hz, [overridden_rate(asked_hz, f"the file states {stated_hz:g} Hz")]
    if asked_hz is not None:
        return asked_hz, []
    measured_hz = measured_rate_hz(np.asarray(stream["time_stamps"], np.float64))
    return (None if measured_hz is None else snapped_rate_hz(measured_hz)), []


def _is_numeric(stream: dict[str, Any]) -> bool:
    values = np.asarray(stream["time_series"])
    is_numeric = values.ndim == 2 and values.dtype.kind in "iuf"
    return len(stream["time_stamps"]) > 0 and is_numeric and not is_marker_stream(stream)


def _kind(stream: dict[str, Any]) -> str:
    return first_text(stream["info"], "type")


def _unique_names(streams: Sequence[dict[str, Any]]) -> list[str]:
    """A unique name for each stream: equal names get the type, and if that is equal too, a number."""
    stated = [
        first_text(stream["info"], "name") or f"stream {stream['info'].get('stream_id', '')}" for stream in streams
    ]
    typed = [
        name if stated.count(name) == 1 else f"{name} ({_kind(stream)})"
        for name, stream in zip(stated, streams, strict=True)
    ]
    return [
        name if typed.count(name) == 1 else f"{name} {typed[: index + 1].count(name)}"
        for index, name in enumerate(typed)
    ]


def _nominal_rate_hz(info: Any) -> float | None:
    try:
        rate_hz = float(first_text(info, "nominal_srate"))
    except ValueError:
        return None
    return rate_hz if np.isfinite(rate_hz) and rate_hz > 0 else None
