"""The life of `eegstream run`: open, connect, loop, close."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from eegstream.config import RunConfig
from eegstream.daemon.liveness import Liveness
from eegstream.daemon.parts import Parts, assemble, open_engine
from eegstream.daemon.settings import LiveSettings
from eegstream.daemon.summary import Summary
from eegstream.lsl import local_clock
from eegstream.lsl.prober import Prober
from eegstream.pubsub.publisher import open_publisher
from eegstream.stopping import reread_by_signal, stopped_by_signals
from eegstream.systemd import Watchdog, notify

if TYPE_CHECKING:
    from eegstream.daemon.metrics import Metrics

log = logging.getLogger(__name__)

_LOOK_INTERVAL_S = 0.1
_FLUSH_S = 0.8
"""Time for the samples that have come in to become codes, when the daemon ends."""


def serve(config: RunConfig, read: Callable[[], RunConfig]) -> None:
    """Run until SIGTERM or SIGINT; then flush, publish `end` and return. SIGHUP has the settings read again by `read`.

    A thread may be left that hangs, so the process must end without waiting for its threads.

    Raises:
        EegstreamError: an error that a person must act upon; its class decides the exit code.
    """
    with ExitStack() as stack:
        prober = stack.enter_context(Prober())
        liveness = Liveness(local_clock)
        metrics = stack.enter_context(_open_metrics(config.metrics, liveness))
        engine = open_engine(config, config.device)
        publisher = stack.enter_context(open_publisher(config.bind, config.keys, config.control, config.replay_mb))
        stop = stack.enter_context(stopped_by_signals(lambda name: log.info("%s: stopping", name)))
        reread = stack.enter_context(reread_by_signal())
        parts = assemble(config, LiveSettings(config, read), engine, publisher, prober)
        parts.worker.start()
        liveness.watch(lambda: parts.worker.moved_s)
        if metrics is not None:
            metrics.observe(parts.observed)
        model = f"{engine.bundle.title} on {engine.device} (encoded by {engine.encoded_by})"
        log.info("ready: %s, publishing at %s, run %s", model, publisher.url, parts.run)
        notify("READY=1", f"STATUS=publishing at {publisher.url}")
        # It takes half a second, and is needed when the first stream is here.
        threading.Thread(target=import_module, args=("scipy.signal",), name="import", daemon=True).start()
        _loop(parts, liveness, stop, reread)
        if parts.worker.failure is not None:
            raise parts.worker.failure
    log.info("stopped")


def _loop(parts: Parts, liveness: Liveness, stop: threading.Event, reread: threading.Event) -> None:
    """Look after the streams until `stop` is set or the worker fails; then end all."""
    supervisor, worker, settings = parts.supervisor, parts.worker, parts.settings
    watchdog = Watchdog(os.environ)
    summary = Summary(parts.figures, lambda: supervisor.in_sight, lambda: settings.selection)
    try:
        while worker.failure is None and not stop.wait(_LOOK_INTERVAL_S):
            if reread.is_set():
                reread.clear()
                settings.reread()
            supervisor.update()
            parts.markers.update()
            liveness.main_moved(readers_move=supervisor.is_moving)
            summary.tell(local_clock())
            is_moving = watchdog.interval_s is None or liveness.worker_age_s < watchdog.interval_s / 2
            if is_moving and supervisor.is_moving:
                watchdog.ping(local_clock())
    finally:
        notify("STOPPING=1")
        supervisor.close()
        parts.markers.close()
        worker.finish(_FLUSH_S)
        summary.close()


@contextmanager
def _open_metrics(address: str | None, liveness: Liveness) -> "Iterator[Metrics | None]":
    if address is None:
        yield None
        return
    # The client of Prometheus takes its time to be imported.
    from eegstream.daemon.metrics import Metrics  # noqa: PLC0415

    metrics = Metrics(address, liveness)
    log.info("metrics at %s", metrics.url)
    try:
        yield metrics
    finally:
        metrics.close()
