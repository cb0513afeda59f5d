"""The life of `eegstream run`: open, connect, loop, close."""

import logging
import secrets
from collections.abc import Callable
from contextlib import ExitStack

from eegstream import systemd
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device, use_one_thread
from eegstream.config import RunConfig
from eegstream.daemon.inbox import Inbox
from eegstream.daemon.processing import Processor
from eegstream.daemon.supervisor import Supervisor
from eegstream.daemon.worker import Worker
from eegstream.epoch import require_usable
from eegstream.lsl import local_clock
from eegstream.lsl.discovery import Announcement, Discovery
from eegstream.lsl.prober import Prober
from eegstream.lsl.reader import Reader
from eegstream.pubsub.publisher import open_publisher
from eegstream.stopping import stopped_by_signals
from eegstream.stream import StreamGeometry

log = logging.getLogger(__name__)

_LOOK_INTERVAL_S = 0.1


def serve(config: RunConfig) -> None:
    """Run until SIGTERM or SIGINT; then flush, publish `end` and return.

    Raises:
        EegstreamError: an error that a person must act upon; its class decides the exit code.
    """
    with ExitStack() as stack:
        stop = stack.enter_context(stopped_by_signals(lambda name: log.info("%s: stopping", name)))
        prober = stack.enter_context(Prober())
        use_one_thread()
        device = choose_device(config.device)
        engine = Engine(load(config.model, device, config.trust), device)
        publisher = stack.enter_context(open_publisher(config.bind, config.keys, config.control, config.replay_mb))
        inbox = Inbox(config.max_lag_s if config.when_behind == "live" else None)
        run = secrets.token_hex(8)
        make_reader = _reader_factory(config, inbox, engine, prober)
        supervisor = Supervisor(Discovery(), config, make_reader, config.max_streams, local_clock)
        processor = Processor(publisher, engine, config.signal_options, run, local_clock)
        worker = Worker(inbox, processor, publisher, lambda: supervisor.refused, run, local_clock)
        worker.start()
        log.info("ready: %s on %s, publishing at %s, run %s", engine.bundle.title, device, publisher.url, run)
        systemd.notify("READY=1", f"STATUS=publishing at {publisher.url}")
        try:
            while worker.failure is None and not stop.wait(_LOOK_INTERVAL_S):
                supervisor.update()
        finally:
            systemd.notify("STOPPING=1")
            supervisor.close()
            worker.finish()
        if worker.failure is not None:
            raise worker.failure
    log.info("stopped")


def _reader_factory(
    config: RunConfig, inbox: Inbox, engine: Engine, prober: Prober
) -> Callable[[Announcement, str], Reader]:
    """Make readers that put an outlet's samples into the inbox, if its stream can be encoded."""

    def admit(geometry: StreamGeometry) -> None:
        require_usable(geometry, engine.facts, config.signal_options(geometry.source))

    def make_reader(stream: Announcement, name: str) -> Reader:
        return Reader(stream, name, inbox, prober, config.buffer_mb * 1024 * 1024, config.rate_of(stream), admit)

    return make_reader
