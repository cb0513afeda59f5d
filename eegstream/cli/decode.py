"""`eegstream decode`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import OutputFile, model_option, with_trust

if TYPE_CHECKING:
    from eegstream.codec.bundle import Bundle
    from eegstream.codec.trust import Trust
    from eegstream.files.codes import CodesFile
    from eegstream.files.segments import CodedSegment
    from eegstream.wire.messages import ModelIdentity


@click.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=OutputFile(".npz"), help="F.npz")
@model_option
@click.option("--stream", help="Which stream, if the file holds several.")
@click.option("--as", "kind", type=click.Choice(["mse", "spectrum", "joint"]), default="mse", show_default=True,
              help="Least error, true band power, or least error of all channels together; the last two where the "
                   "bundle offers it.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Fail if the file is damaged, lacks messages or is unfinished.")
@with_trust
def command(
    file: Path,
    output: Path,
    model: str | None,
    stream: str | None,
    kind: str,
    strict: bool,
    trust: "Trust",
) -> None:
    """Turn a codes file back into a signal: the front-ended one, at the model's rate, as far as patches cover it."""
    from eegstream.cli.recording import require_other_file
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.decoding import choose_stream, reconstruct
    from eegstream.errors import CodesFileError
    from eegstream.files.arrays import save_npz
    from eegstream.files.codes import load_codes

    require_other_file(str(file), output)
    read = load_codes(file)
    _tell_faults(read, file.name, strict=strict)
    segments = choose_stream(read, stream)
    bundle = _bundle(model, segments[0].spec.model, trust)
    _require_agreement(segments, bundle)
    made = reconstruct(segments, Engine(bundle, choose_device("cpu")), kind)
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
            f"{file.name} lacks the closing message of {made.unaccounted} segments: their end is unknown",
            err=True,
        )


def _tell_faults(read: "CodesFile", name: str, *, strict: bool) -> None:
    """Warn of what is damaged or missing; if `strict`, raise CodesFileError."""
    from eegstream.errors import CodesFileError
    from eegstream.files.damage import told

    faults = [told(name, read.damage)] if read.damage else []
    if not read.finished:
        faults.append(f"{name} is unfinished behind its last whole message")
    if faults and strict:
        raise CodesFileError("; ".join(faults), "Get the file again, or leave out --strict")
    for fault in faults:
        click.echo(f"{fault}; everything else is decoded", err=True)


def _require_agreement(segments: "list[CodedSegment]", bundle: "Bundle") -> None:
    """Raise CodesFileError if a spec is not one that this bundle can have, because it is damaged."""
    from eegstream.errors import CodesFileError

    for spec in (segment.spec for segment in segments):
        if (spec.patch, spec.words) != (bundle.manifest.patch, bundle.manifest.words):
            raise CodesFileError(
                f"the spec of epoch {spec.epoch} has patches of {spec.patch} samples and {len(spec.words)} codes, "
                f"which {bundle.title} does not make",
                "The spec is damaged: get the file again",
            )


def _bundle(model: str | None, made_by: "ModelIdentity", trust: "Trust") -> "Bundle":
    """The bundle that made the codes; the user may give its file."""
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
    bundle = load(model or title, trust=trust)
    if bundle.sha256 != made_by.sha256:
        raise BundleError(
            f"the codes were made by {title} ({made_by.sha256[:12]}), {bundle.path.name} is {bundle.sha256[:12]}",
            "Give the bundle that made them with --model",
        )
    return bundle
