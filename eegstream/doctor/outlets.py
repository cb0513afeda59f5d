"""Ask the visible outlets who they are, what they are made of, and for their clocks; never for samples."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pylsl

from eegstream.config import RunConfig
from eegstream.doctor.facts import Outlet
from eegstream.errors import StreamError
from eegstream.lsl.admission import marker_refusal, refusal
from eegstream.lsl.discovery import Announcement, Discovery
from eegstream.lsl.inlet import clock_of
from eegstream.lsl.prober import MOST_PROCESSES, Prober, UnansweredError
from eegstream.wire.identity import stream_name

_LOOK_S = 2.0
_ASK_S = 10.0
"""Asking takes a second or two, unless the machine is busy or outlets are mute."""
_CLOCK_S = 1.5
MOST_ASKED = 16
"""Outlets that are asked; of further ones only the announcement is told."""


def look_at_outlets(config: RunConfig) -> tuple[Outlet, ...]:
    """The outlets that LSL announces, oldest first. It takes three seconds as a rule, twelve at most."""
    discovery = Discovery()
    time.sleep(_LOOK_S)
    found = discovery.announcements()
    stop = threading.Event()
    timer = threading.Timer(_ASK_S, stop.set)
    timer.start()
    try:
        with Prober() as prober, ThreadPoolExecutor(MOST_PROCESSES) as pool:
            numbered = enumerate(found)
            asked = pool.map(
                lambda item: _outlet(item[1], config, prober if item[0] < MOST_ASKED else None, stop), numbered
            )
            return tuple(asked)
    finally:
        timer.cancel()
        stop.set()


def _outlet(stream: Announcement, config: RunConfig, prober: Prober | None, stop: threading.Event) -> Outlet:
    is_marker = config.marks(stream)
    refused = marker_refusal(stream) if is_marker else refusal(stream, config)
    silent, offset_s, error_s = None, None, None
    asked = prober is not None and (refused is None or marker_refusal(stream) is None)
    if prober is not None and asked:
        try:
            prober.describe(stream, stop)
        except UnansweredError as error:
            asked = not stop.is_set()  # it had no time to answer, if this machine was too busy to ask
            silent = str(error) if asked else None
        except StreamError as error:
            refused = refused or str(error)
        if asked and silent is None:
            offset_s, error_s = _clock(stream)
    return Outlet(
        stream=stream_name(stream.name, stream.type, stream.source_id, stream.hostname),
        name=stream.name,
        type=stream.type,
        source_id=stream.source_id,
        hostname=stream.hostname,
        uid=stream.uid,
        n_channels=stream.n_channels,
        rate_hz=stream.rate_hz,
        format=stream.format,
        wanted=is_marker or config.wants(stream),
        refused=refused,
        silent=silent,
        clock_offset_s=offset_s,
        clock_error_s=error_s,
        asked=asked,
    )


def _clock(stream: Announcement) -> tuple[float | None, float | None]:
    """Offset and uncertainty, in seconds; the stream itself is not opened."""
    try:
        inlet = pylsl.StreamInlet(stream.info, max_buflen=1, recover=False, processing_flags=0)
        clock = clock_of(inlet, _CLOCK_S)
    except (RuntimeError, ValueError, MemoryError):
        return None, None
    return (None, None) if clock is None else (clock.offset_s, clock.error_s)
