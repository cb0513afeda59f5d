"""`eegstream record`."""

import signal
import threading
from pathlib import Path

import click

from eegstream.cli.options import connect_option


@click.command("record")
@click.option("-o", "output", required=True, type=click.Path(path_type=Path), help="F.codes.mcap, a new file.")
@connect_option
def command(output: Path, url: str) -> None:
    """Write what a running daemon publishes into a codes file, until SIGTERM or Ctrl-C.

    The file is readable up to its last whole message at any time, after a crash too.
    """
    from eegstream.client import Loss, Spec, Subscriber
    from eegstream.errors import CodesFileError
    from eegstream.files.codes import CodesWriter

    if output.exists():
        raise CodesFileError(f"{output} is there already", "Give a new file with -o, or move the old one")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    written, lost, specs = 0, 0, set()
    with Subscriber(url) as subscriber, CodesWriter(output) as writer:
        click.echo(f"recording {url} into {output}; Ctrl-C ends", err=True)
        while not stop.is_set():
            item = subscriber.receive(0.2)
            if isinstance(item, Loss):
                lost += item.count
                click.echo(f"{item.stream}: {item.count} messages lost from seq {item.first_seq} on", err=True)
            elif item is not None:
                if isinstance(item, Spec):
                    if (item.run, item.stream, item.seq) in specs:
                        continue
                    specs.add((item.run, item.stream, item.seq))
                writer.write(item)
                written += 1
    click.echo(f"{written} messages written, {lost} lost on the way", err=True)
