"""The life of `eegstream run`: open, connect, loop, close."""

import logging
import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device, use_one_thread
from eegstream.config import RunConfig
from eegstream.daemon.inbox import Inbox
from eegstream.daemon.live_encoder import LiveEncoder
from eegstream.daemon.processing import Processor
from eegstream.daemon.settings import LiveSettings
from eegstream.daemon.supervisor import Supervisor
from eegstream.daemon.worker import Worker
from eegstream.epoch import require_usable
from eegstream.lsl import local_clock
from eegstream.lsl.discovery import Announcement, Discovery
from eegstream.lsl.prober import Prober
from eegstream.lsl.reader import Reader
from eegstream.pubsub.publisher import open_publisher
from eegstream.stopping import reread_by_signal, stopped_by_signals
from eegstream.stream import StreamGeometry
from eegstream.systemd import Watchdog, notify

log = logging.getLogger(__name__)

_LOOK_INTERVAL_S = 0.1
_FLUSH_S = 0.8
"""Time for the samples that have come in to become codes, when the daemon ends."""


def serve(config: RunConfig, read: Callable[[], RunConfig]) -> bool:
    """Run until SIGTERM or SIGINT; then flush, publish `end` and return. SIGHUP has the settings read again by `read`.

    False if a thread hangs: then the process must end without waiting for its threads.

    Raises:
        EegstreamError: an error that a person must act upon; its class decides the exit code.
    """
    with ExitStack() as stack:
        prober = stack.enter_context(Prober())
        use_one_thread()
        engine = _open_engine(config, config.device)
        publisher = stack.enter_context(open_publisher(config.bind, config.keys, config.control, config.replay_mb))
        stop = stack.enter_context(stopped_by_signals(lambda name: log.info("%s: stopping", name)))
        reread = stack.enter_context(reread_by_signal())
        inbox = Inbox(config.max_lag_s if config.when_behind == "live" else None)
        run = secrets.token_hex(8)
        settings = LiveSettings(config, read)
        spare = (lambda: _open_engine(config, "cpu")) if config.when_device_lost == "cpu" else None
        encoder = LiveEncoder(engine, spare)
        make_reader = _reader_factory(config, settings, inbox, encoder, prober)
        supervisor = Supervisor(Discovery(), settings, make_reader, config.max_streams, local_clock)
        processor = Processor(publisher, encoder, settings.signal_options, run, local_clock)
        worker = Worker(inbox, processor, encoder, publisher, lambda: supervisor.refused, run, local_clock)
        worker.start()
        log.info("ready: %s on %s, publishing at %s, run %s", engine.bundle.title, engine.device, publisher.url, run)
        notify("READY=1", f"STATUS=publishing at {publisher.url}")
        watchdog = Watchdog(os.environ)
        try:
            while worker.failure is None and not stop.wait(_LOOK_INTERVAL_S):
                if reread.is_set():
                    reread.clear()
                    settings.reread()
                supervisor.update()
                if supervisor.is_moving and _is_moving(worker, watchdog):
                    watchdog.ping(local_clock())
        finally:
            notify("STOPPING=1")
            is_clean = supervisor.close()
            is_clean &= worker.finish(_FLUSH_S)
        if worker.failure is not None:
            raise worker.failure
    log.info("stopped")
    return is_clean


def _is_moving(worker: Worker, watchdog: Watchdog) -> bool:
    """Whether the worker, which also encodes and publishes, has moved within half of the watchdog's interval."""
    return watchdog.interval_s is None or local_clock() - worker.moved_s < watchdog.interval_s / 2


def _open_engine(config: RunConfig, device_name: str) -> Engine:
    device = choose_device(device_name)
    return Engine(load(config.model, device, config.trust), device)


def _reader_factory(
    config: RunConfig, settings: LiveSettings, inbox: Inbox, encoder: LiveEncoder, prober: Prober
) -> Callable[[Announcement, str], Reader]:
    """Make readers that put an outlet's samples into the inbox, if its stream can be encoded."""

    def admit(geometry: StreamGeometry) -> None:
        require_usable(geometry, encoder.facts, settings.signal_options(geometry.source))

    def make_reader(stream: Announcement, name: str) -> Reader:
        return Reader(stream, name, inbox, prober, config.buffer_mb * 1024 * 1024, settings.rate_of(stream), admit)

    return make_reader
