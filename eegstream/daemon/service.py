"""The life of `eegstream run`: open, connect, loop, close."""

import logging
import secrets
from contextlib import ExitStack

from eegstream import systemd
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device, use_one_thread
from eegstream.config import RunConfig
from eegstream.daemon.inbox import Inbox
from eegstream.daemon.supervisor import Supervisor
from eegstream.daemon.worker import Worker
from eegstream.lsl import local_clock
from eegstream.lsl.discovery import Discovery
from eegstream.pubsub.publisher import open_publisher
from eegstream.stopping import stopped_by_signals
from eegstream.tokenizer import model_facts

log = logging.getLogger(__name__)

_LOOK_INTERVAL_S = 0.1


def serve(config: RunConfig) -> None:
    """Run until SIGTERM or SIGINT; then flush, say `end` and return.

    Raises:
        EegstreamError: something that a person must act upon; its class tells the exit code.
    """
    with ExitStack() as stack:
        stop = stack.enter_context(stopped_by_signals(lambda name: log.info("%s: stopping", name)))
        use_one_thread()
        device = choose_device(config.device)
        engine = Engine(load(config.model, device), device)
        publisher = stack.enter_context(open_publisher(config.bind))
        inbox = Inbox()
        run = secrets.token_hex(8)
        worker = Worker(inbox, publisher, engine, model_facts(engine), config.signal_options, run, local_clock)
        supervisor = Supervisor(
            Discovery(), config, inbox, config.buffer_mb * 1024 * 1024, config.max_streams, local_clock
        )
        worker.start()
        log.info("ready: %s on %s, publishing at %s, run %s", engine.bundle.title, device, publisher.url, run)
        systemd.notify("READY=1", f"STATUS=publishing at {publisher.url}")
        try:
            while worker.failure is None and not stop.wait(_LOOK_INTERVAL_S):
                worker.refused = supervisor.update()
        finally:
            systemd.notify("STOPPING=1")
            supervisor.close()
            worker.finish()
        if worker.failure is not None:
            raise worker.failure
    log.info("stopped")
