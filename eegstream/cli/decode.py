"""`eegstream decode`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import OutputFile, model_option, with_trust

if TYPE_CHECKING:
    from eegstream.codec.bundle import Bundle
    from eegstream.codec.engine import Engine
    from eegstream.codec.trust import Trust
    from eegstream.coded_recordings import CodedRecording
    from eegstream.decoding import Reconstruction
    from eegstream.files.segments import CodedSegment
    from eegstream.wire.messages import ModelIdentity

_FORMATS = ("npz", "edf", "vhdr", "fif", "parquet")
_CODED = (".mcap", ".parquet")


@click.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=OutputFile(*(f".{one}" for one in _FORMATS)),
              help="F.npz, .edf, .vhdr, .fif or .parquet; of a folder, a folder.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Of the files in a folder (default npz).")
@model_option
@click.option("--stream", help="Which stream or recording, if the file holds several.")
@click.option("--as", "kind", type=click.Choice(["mse", "spectrum", "joint"]), default="mse", show_default=True,
              help="Least error, true band power, or least error of all channels together; the last two where the "
                   "bundle offers it.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Fail if the file is damaged, lacks messages or is unfinished.")
@with_trust
def command(
    file: Path,
    output: Path,
    form: str | None,
    model: str | None,
    stream: str | None,
    kind: str,
    strict: bool,
    trust: "Trust",
) -> None:
    """Turn codes back into a signal: the front-ended one, at the model's rate, as far as patches cover it.

    FILE is a codes file, a table, or a folder of them, of which each recording becomes a file in the folder of -o.
    Formats other than npz and parquet have a regular grid of times, with events, flags and gaps as annotations.
    """
    from eegstream.cli.recording import require_other_file
    from eegstream.coded_recordings import read_coded
    from eegstream.errors import CodesFileError

    is_folder = file.is_dir()
    if is_folder and output.suffix:
        raise click.UsageError(f"{file} is a folder, expected a folder for -o, not {output.name}")
    if form is not None and not is_folder:
        raise click.UsageError("--format is for folders; of a file, the name after -o says it")
    require_other_file(str(file), output)
    paths = sorted(one for one in file.rglob("*") if one.suffix.lower() in _CODED) if is_folder else [file]
    if not paths:
        raise CodesFileError(f"{file} has neither codes files nor tables", "Give another folder")
    engines: dict[str, Engine] = {}
    written = set()
    for path in paths:
        read = read_coded(path)
        _tell_faults(read.faults, strict=strict)
        recordings = read.recordings if is_folder and stream is None else [_chosen(read.recordings, stream)]
        for coded in recordings:
            target = output
            if is_folder:
                target = output / f"{_file_name(coded, path)}.{form or 'npz'}"
                target.parent.mkdir(parents=True, exist_ok=True)
                if target in written:
                    raise CodesFileError(f"two recordings would be written to {target}", "Decode them one by one")
            _decode(coded, target, _engine(engines, coded, model, trust), kind, path.name)
            written.add(target)


def _chosen(recordings: "list[CodedRecording]", name: str | None) -> "CodedRecording":
    """The recording of this name, or the only one."""
    from eegstream.errors import CodesFileError

    names = sorted(one.name for one in recordings)
    if not names:
        raise CodesFileError("the file holds no codes", "Encode a longer recording")
    if name is None and len(names) > 1:
        shown = ", ".join(names[:10]) + (" and more" if len(names) > 10 else "")
        raise CodesFileError(f"the file holds {len(names)} streams: {shown}", "Name one with --stream")
    found = [one for one in recordings if one.name == (name or names[0])]
    if not found:
        raise CodesFileError(f"the file holds no stream {name!r}", f"It has {', '.join(names[:10])}")
    return found[0]


def _file_name(coded: "CodedRecording", path: Path) -> str:
    """Of a codes file with one stream the file's own name; else the recording's."""
    if path.suffix.lower() == ".parquet":
        return coded.name.replace("/", "-")
    return f"{path.name.removesuffix('.mcap').removesuffix('.codes')}-{coded.name}"


def _decode(coded: "CodedRecording", output: Path, engine: "Engine", kind: str, origin: str) -> None:
    """Decode one recording into a file."""
    from eegstream.decoding import choose_stream, reconstruct
    from eegstream.errors import CodesFileError
    from eegstream.signal_files import write_signal

    segments = choose_stream(coded.segments, None)
    _require_agreement(segments, engine.bundle)
    made = reconstruct(segments, engine, kind)
    if made.eeg_uv.shape[1] == 0:
        raise CodesFileError(f"{origin} holds no codes", "Encode a longer recording")
    write_signal(output, made, coded, lambda remark: click.echo(f"{output}: {remark}", err=True))
    _tell_result(made, output, len(segments), origin)


def _tell_result(made: "Reconstruction", output: Path, n_segments: int, origin: str) -> None:
    n_channels, n_samples = made.eeg_uv.shape
    size = f"{n_channels} channels, {n_samples / made.rate_hz:.2f} s at {made.rate_hz:g} Hz of the front-ended signal"
    is_table = origin.lower().endswith(".parquet")
    uncovered = f"; no patch covers {made.uncovered_s:.2f} s at the ends of {n_segments} segments"
    click.echo(f"{output}: {size}{'' if is_table else uncovered}", err=True)
    if made.unaccounted and not is_table:
        click.echo(
            f"{origin} lacks the closing message of {made.unaccounted} segments: their end is unknown",
            err=True,
        )


def _tell_faults(faults: tuple[str, ...], *, strict: bool) -> None:
    """Warn of what is damaged or missing; if `strict`, raise CodesFileError."""
    from eegstream.errors import CodesFileError

    if faults and strict:
        raise CodesFileError("; ".join(faults), "Get the file again, or leave out --strict")
    for fault in faults:
        click.echo(f"{fault}; everything else is decoded", err=True)


def _engine(engines: "dict[str, Engine]", coded: "CodedRecording", model: str | None, trust: "Trust") -> "Engine":
    """The bundle that made the codes, loaded once."""
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.errors import CodesFileError

    if not coded.segments:
        raise CodesFileError("the file holds no codes", "Encode a longer recording")
    made_by = coded.segments[0].spec.model
    if made_by.sha256 not in engines:
        engines[made_by.sha256] = Engine(_bundle(model, made_by, trust), choose_device("cpu"))
    return engines[made_by.sha256]


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
