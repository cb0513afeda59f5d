"""`eegstream record`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import OutputFile, connect_option, keys_option
from eegstream.cli.tail import damaged_line, no_message

if TYPE_CHECKING:
    from eegstream.client import Damaged, Loss, Message, Subscriber
    from eegstream.files.codes import CodesWriter

_PATIENCE_S = 3.0
_LOOK_INTERVAL_S = 0.2


@click.command("record")
@click.option("-o", "output", required=True, type=OutputFile(".mcap"), help="F.codes.mcap, a new file.")
@connect_option
@keys_option
@click.option(
    "--control", metavar="URL", help="Where to ask for missed messages (default: the port after --connect's)."
)
def command(output: Path, url: str, keys: str | None, control: str | None) -> None:
    """Write what a running daemon publishes into a codes file, until SIGTERM or Ctrl-C.

    The file is created with the first message. It can be read up to its last whole message at any time, even after a
    crash. Messages that are missed on the way are asked for again.
    """
    from eegstream.client import Subscriber
    from eegstream.errors import EegstreamError
    from eegstream.files.codes import CodesWriter
    from eegstream.stopping import stopped_by_signals

    _require_new(output)
    stop = click.get_current_context().with_resource(stopped_by_signals())
    with Subscriber(url, keys=keys, control=control) as subscriber:
        click.echo(f"recording {url} into {output}; Ctrl-C ends it", err=True)
        first = subscriber.receive(_PATIENCE_S)
        if first is None and not stop.is_set():
            click.echo(no_message(url, _PATIENCE_S, subscriber.trouble), err=True)
        while first is None and not stop.is_set():
            first = subscriber.receive(_LOOK_INTERVAL_S)
        if first is None:
            raise EegstreamError(
                f"no message came from {url}, so no file was written", "Check --connect, and that a daemon runs"
            )
        with CodesWriter(output, new=True) as writer:
            tape = _Tape(writer, subscriber)
            tape.take(first)
            while not stop.is_set():
                tape.take(subscriber.receive(_LOOK_INTERVAL_S))
    damaged = f", {tape.damaged} damaged" if tape.damaged else ""
    click.echo(f"{tape.written} messages written, {tape.lost} lost on the way{damaged}", err=True)


def _require_new(output: Path) -> None:
    """Raise CodesFileError if the file exists or its folder does not; the file itself is created later."""
    from eegstream.errors import CodesFileError

    if output.exists():
        raise CodesFileError(f"{output} exists already", "Give a new file with -o, or move the old one")
    if not output.absolute().parent.is_dir():
        raise CodesFileError(f"{output.parent} is not a folder", "Give another path with -o")


class _Tape:
    """Writes each message once: of a repeated spec, only the first."""

    def __init__(self, writer: "CodesWriter", subscriber: "Subscriber") -> None:
        self.written = self.lost = self.damaged = 0
        self._writer, self._subscriber = writer, subscriber
        self._specs: set[tuple[str, str, int]] = set()

    def take(self, item: "Message | Loss | Damaged | None") -> None:
        """Write a message; ask for lost ones again; report and count what stays lost."""
        from eegstream.client import Damaged, Loss

        if isinstance(item, Damaged):
            self.damaged += item.count
            click.echo(damaged_line(item), err=True)
        elif isinstance(item, Loss):
            self._recover(item)
        elif item is not None:
            self._write(item)

    def _recover(self, loss: "Loss") -> None:
        from eegstream.client import Loss

        lost = 0
        for item in self._subscriber.resume(loss):
            if isinstance(item, Loss):
                lost += item.count
                click.echo(f"{item.stream}: {item.count} messages lost from seq {item.first_seq} on", err=True)
            else:
                self._write(item)
        self.lost += lost
        if lost < loss.count:
            fetched = loss.count - lost
            click.echo(
                f"{loss.stream}: {fetched} messages missed from seq {loss.first_seq} on, fetched again", err=True
            )

    def _write(self, message: "Message") -> None:
        from eegstream.client import Spec

        if isinstance(message, Spec):
            key = (message.run, message.stream, message.seq)
            if key in self._specs:
                return
            self._specs.add(key)
        self._writer.write(message)
        self.written += 1
