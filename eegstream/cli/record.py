"""`eegstream record`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import OutputFile, connect_option

if TYPE_CHECKING:
    from eegstream.client import Loss, Message
    from eegstream.files.codes import CodesWriter

_PATIENCE_S = 3.0
_LOOK_INTERVAL_S = 0.2


@click.command("record")
@click.option("-o", "output", required=True, type=OutputFile(".mcap"), help="F.codes.mcap, a new file.")
@connect_option
def command(output: Path, url: str) -> None:
    """Write what a running daemon publishes into a codes file, until SIGTERM or Ctrl-C.

    The file is created with the first message. It can be read up to its last whole message at any time, even after a
    crash.
    """
    from eegstream.client import Subscriber
    from eegstream.errors import EegstreamError
    from eegstream.files.codes import CodesWriter
    from eegstream.stopping import stopped_by_signals

    _require_new(output)
    stop = click.get_current_context().with_resource(stopped_by_signals())
    with Subscriber(url) as subscriber:
        click.echo(f"recording {url} into {output}; Ctrl-C ends it", err=True)
        first = subscriber.receive(_PATIENCE_S)
        if first is None and not stop.is_set():
            click.echo(f"no message from {url} for {_PATIENCE_S:g} s; still listening", err=True)
        while first is None and not stop.is_set():
            first = subscriber.receive(_LOOK_INTERVAL_S)
        if first is None:
            raise EegstreamError(
                f"no message came from {url}, so no file was written", "Check --connect, and that a daemon runs"
            )
        with CodesWriter(output, new=True) as writer:
            tape = _Tape(writer)
            tape.take(first)
            while not stop.is_set():
                tape.take(subscriber.receive(_LOOK_INTERVAL_S))
    click.echo(f"{tape.written} messages written, {tape.lost} lost on the way", err=True)


def _require_new(output: Path) -> None:
    """Raise CodesFileError if the file exists or its folder does not; the file itself is created later."""
    from eegstream.errors import CodesFileError

    if output.exists():
        raise CodesFileError(f"{output} exists already", "Give a new file with -o, or move the old one")
    if not output.absolute().parent.is_dir():
        raise CodesFileError(f"{output.parent} is not a folder", "Give another path with -o")


class _Tape:
    """Writes each message once: of a repeated spec, only the first."""

    def __init__(self, writer: "CodesWriter") -> None:
        self.written = self.lost = 0
        self._writer = writer
        self._specs: set[tuple[str, str, int]] = set()

    def take(self, item: "Message | Loss | None") -> None:
        """Write a message; report and count a loss."""
        from eegstream.client import Loss, Spec

        if item is None:
            return
        if isinstance(item, Loss):
            self.lost += item.count
            click.echo(f"{item.stream}: {item.count} messages lost from seq {item.first_seq} on", err=True)
            return
        if isinstance(item, Spec):
            key = (item.run, item.stream, item.seq)
            if key in self._specs:
                return
            self._specs.add(key)
        self._writer.write(item)
        self.written += 1
