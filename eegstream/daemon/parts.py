"""The parts of a run, and how they are connected: readers, inbox, processor, encoder, publisher."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.config import RunConfig
from eegstream.daemon.figures import Figures
from eegstream.daemon.inbox import Inbox
from eegstream.daemon.live_encoder import LiveEncoder
from eegstream.daemon.markers import MarkerStreams
from eegstream.daemon.measuring import MeasuredEncoder, MeasuredOutlet
from eegstream.daemon.observed import Observed
from eegstream.daemon.processing import Processor
from eegstream.daemon.settings import LiveSettings
from eegstream.daemon.supervisor import Supervisor
from eegstream.daemon.worker import Worker
from eegstream.epoch import require_usable
from eegstream.lsl import local_clock
from eegstream.lsl.discovery import Announcement, Discovery
from eegstream.lsl.prober import Prober
from eegstream.lsl.reader import Reader
from eegstream.pubsub.publisher import Publisher
from eegstream.stream import StreamGeometry


@dataclass(frozen=True)
class Parts:
    """What a run consists of."""

    run: str
    """Its id."""
    settings: LiveSettings
    supervisor: Supervisor
    worker: Worker
    markers: MarkerStreams
    figures: Figures
    observed: Observed


def assemble(config: RunConfig, settings: LiveSettings, engine: Engine, publisher: Publisher, prober: Prober) -> Parts:
    """Connect the parts; nothing runs yet, except the search for streams."""
    run, figures = secrets.token_hex(8), Figures()
    inbox = Inbox(config.max_lag_s if config.when_behind == "live" else None)
    spare = (lambda: open_engine(config, "cpu")) if config.when_device_lost == "cpu" else None
    encoder = LiveEncoder(engine, spare)
    make_reader = _reader_factory(config, settings, inbox, encoder, prober)
    discovery = Discovery()
    supervisor = Supervisor(discovery, settings, make_reader, config.max_streams, local_clock)
    processor = Processor(
        MeasuredOutlet(publisher, figures),
        MeasuredEncoder(encoder, figures),
        settings.signal_options,
        run,
        local_clock,
        figures,
    )
    markers = MarkerStreams(discovery, settings.marks, run, local_clock)
    worker = Worker(inbox, processor, encoder, publisher, lambda: supervisor.refused, local_clock, markers)
    facts = {"run": run, "model": engine.bundle.title, "device": str(engine.device)}
    observed = Observed(figures, publisher, lambda: supervisor.refusals, facts)
    return Parts(run, settings, supervisor, worker, markers, figures, observed)


def open_engine(config: RunConfig, device_name: str) -> Engine:
    """The encoder of the settings' bundle on a device.

    Raises:
        BundleError: the bundle is missing or does not verify.
        ConfigError: the device is not there.
    """
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
