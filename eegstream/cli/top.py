"""`eegstream top`."""

import contextlib
import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import connect_option, keys_option

if TYPE_CHECKING:
    from eegstream.client import Subscriber
    from eegstream.watching import Watch

_REFRESH_S = 0.5
_ONCE_S = 2.0


@click.command("top")
@connect_option
@keys_option
@click.option("--once", is_flag=True, help="Listen for two seconds, print how it stands, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON object.")
def command(url: str, keys: str | None, *, once: bool, as_json: bool) -> None:
    """Show the streams of a running daemon, live, until q or Ctrl-C.

    It only subscribes, and follows streams and daemons that leave and return. A narrow terminal shows fewer columns.
    """
    from eegstream.client import Subscriber
    from eegstream.watching import Watch

    if as_json and not once:
        raise click.UsageError("--json was given without --once. Give both, or leave out --json; `tail --json` goes on")
    if not once and not sys.stdout.isatty():
        raise click.UsageError("the output is no terminal. Give --once for one picture")
    with Subscriber(url, keys=keys) as subscriber:
        watch = Watch()
        if not once:
            with contextlib.suppress(KeyboardInterrupt):
                _show_live(subscriber, watch, url)
            return
        _listen(subscriber, watch, _ONCE_S)
        if as_json:
            snapshot = dataclasses.asdict(watch.snapshot(time.monotonic()))
            click.echo(json.dumps({"url": url, "trouble": subscriber.trouble, **snapshot}))
        else:
            _print_once(subscriber, watch, url)


def _listen(subscriber: "Subscriber", watch: "Watch", seconds: float) -> None:
    """Take what comes within so many seconds."""
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        item = subscriber.receive(left_s)
        if item is not None:
            watch.take(item, time.monotonic())


def _show_live(subscriber: "Subscriber", watch: "Watch", url: str) -> None:
    from rich.console import Console, Group
    from rich.live import Live

    from eegstream.cli.key_presses import key_presses
    from eegstream.cli.top_screen import draw

    console = Console(highlight=False)
    with key_presses() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while "q" not in pressed().lower():
            width, height = console.size
            lines = draw(watch.snapshot(time.monotonic()), url, subscriber.trouble, width, height)
            live.update(Group(*lines), refresh=True)
            _listen(subscriber, watch, _REFRESH_S)


def _print_once(subscriber: "Subscriber", watch: "Watch", url: str) -> None:
    from rich.console import Console

    from eegstream.cli.top_screen import draw

    console = Console(highlight=False)
    snapshot = watch.snapshot(time.monotonic())
    for line in draw(snapshot, url, subscriber.trouble, console.width, len(snapshot.streams) * 3 + 8):
        console.print(line, no_wrap=True)
