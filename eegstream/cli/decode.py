"""`eegstream decode`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import OutputFile, model_option

if TYPE_CHECKING:
    from eegstream.codec.bundle import Bundle
    from eegstream.wire.messages import ModelIdentity


@click.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=OutputFile(".npz"), help="F.npz")
@model_option
@click.option("--stream", help="Which stream, where the file holds several.")
@click.option("--as", "kind", type=click.Choice(["mse", "spectrum"]), default="mse", show_default=True,
              help="Least error, or true band power where the bundle offers it.")  # fmt: skip
def command(file: Path, output: Path, model: str | None, stream: str | None, kind: str) -> None:
    """Turn a codes file back into a signal: the front-ended one, at the model's rate, as far as patches cover it."""
    from eegstream.cli.recording import require_other_file
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.decoding import choose_stream, reconstruct
    from eegstream.errors import CodesFileError
    from eegstream.files.arrays import save_npz
    from eegstream.files.codes import CodesReader
    from eegstream.files.segments import collect_segments

    require_other_file(str(file), output)
    reader = CodesReader(file)
    segments = choose_stream(collect_segments(reader, file.name), stream)
    if not reader.finished:
        click.echo(f"{file.name} is unfinished; everything up to its last whole message is decoded", err=True)
    made = reconstruct(segments, Engine(_bundle(model, segments[0].spec.model), choose_device("cpu")), kind)
    if made.eeg_uv.shape[1] == 0:
        raise CodesFileError(f"{file.name} holds no codes", "Encode a longer recording")
    save_npz(
        output,
        eeg_uv=made.eeg_uv,
        rate_hz=made.rate_hz,
        labels=list(made.labels),
        t=made.t,
        epoch=made.epoch,
        segment=made.segment,
    )
    n_channels, n_samples = made.eeg_uv.shape
    click.echo(
        f"{output}: {n_channels} channels, {n_samples / made.rate_hz:.2f} s at {made.rate_hz:g} Hz of the front-ended "
        f"signal; no patch covers {made.uncovered_s:.2f} s at the ends of {len(segments)} segments",
        err=True,
    )
    if made.unaccounted:
        click.echo(
            f"{file.name} does not hold the ends of {made.unaccounted} segments: what they lack is unknown", err=True
        )


def _bundle(model: str | None, made_by: "ModelIdentity") -> "Bundle":
    """The very bundle that made the codes, which the user may name."""
    from eegstream.codec.bundle import find, load
    from eegstream.errors import BundleError

    title = f"{made_by.name}@{made_by.version}"
    if model is None:
        try:
            find(title)
        except BundleError:
            raise BundleError(
                f"the codes were made by {title}, which does not come with the package", "Give its file with --model"
            ) from None
    bundle = load(model or title)
    if bundle.sha256 != made_by.sha256:
        raise BundleError(
            f"the codes were made by {title} ({made_by.sha256[:12]}), {bundle.path.name} is {bundle.sha256[:12]}",
            "Give the bundle that made them with --model",
        )
    return bundle
