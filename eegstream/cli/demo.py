"""`eegstream demo`."""

from typing import TYPE_CHECKING

import click

from eegstream.cli.options import model_option, with_trust

if TYPE_CHECKING:
    from eegstream.codec.trust import Trust


@click.command("demo")
@click.option("--seconds", type=click.FloatRange(min=2), help="End after N seconds (default: with the recording).")
@click.option("--recording", metavar="FILE", help="A recording of yours (default: synthetic EEG).")
@model_option
@with_trust
def command(seconds: float | None, recording: str | None, model: str | None, trust: "Trust") -> None:
    """Play EEG through LSL, tokenize it with the real daemon, print codes and what they keep, live.

    Everything runs on this machine, apart from other LSL streams on the network.
    """
    from eegstream.cli.demo_live import LivePrinter
    from eegstream.cli.recording import read_for_user
    from eegstream.client import Subscriber
    from eegstream.codec.bundle import load
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.lsl.loopback import private_configuration
    from eegstream.own_processes import own_daemon, own_player
    from eegstream.stopping import stopped_by_signals

    file = recording or f"synthetic:rate=250,channels=8,seconds={seconds or 600:g}"
    source, *others = read_for_user(file, seconds=seconds)
    click.echo(f"playing {source.name}, {source.pieces.shape[1] / source.rate_hz:.0f} s; Ctrl-C ends", err=True)
    stop = click.get_current_context().with_resource(stopped_by_signals())
    with (
        private_configuration() as lsl_configuration,
        own_daemon(lsl_configuration, model or "default", trust) as (daemon, url),
    ):
        printer = LivePrinter(source, Engine(load(model or "default", trust=trust), choose_device("cpu")))
        with (
            Subscriber(url) as subscriber,
            own_player(lsl_configuration, file, seconds, source.stream if others else None) as player,
        ):
            while not stop.is_set() and not printer.ended:
                item = subscriber.receive(0.1)
                if item is not None:
                    printer.show(item)
                daemon.require_alive()
                player.require_well()
    printer.summarize()
