"""`eegstream model`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from eegstream.codec.manifest import Manifest
    from eegstream.codec.trust import Trust

from eegstream.cli.options import device_option, trust_options, with_trust


@click.group("model")
def command() -> None:
    """List, show, verify and sign model bundles."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_bundles(*, as_json: bool) -> None:
    """List the shipped bundles."""
    from eegstream.codec.addresses import shipped
    from eegstream.codec.seen import look

    seen = [look(str(path)) for path in shipped()]
    rows = [{"name": s.manifest.name, "version": s.manifest.version, **_summary(s.manifest)} for s in seen]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        rate = "the stream's rate" if row["model_rate_hz"] is None else f"{row['model_rate_hz']:g} Hz"
        title = f"{row['name']}@{row['version']}"
        click.echo(f"{title:16} {row['codes']} codes, {row['bits']:.1f} bit per patch of {row['patch']} at {rate}")


@command.command("show")
@click.argument("model", default="default")
@click.option("--model-sha256", metavar="HEX", help="Fail unless the bundle has this SHA-256.")
@click.option("--model-keys", metavar="PATH,...", help="Tell whether one of these keys signed it (.pub, or folders).")
@click.option("--json", "as_json", is_flag=True, help="The whole manifest as JSON.")
@with_trust
def show(model: str, trust: "Trust", *, as_json: bool) -> None:
    """Print a bundle's card and SHA-256, and who vouches for it; runs nothing of it."""
    from eegstream.codec.seen import look

    seen = look(model, trust)
    if as_json:
        told = seen.manifest.model_dump() | {"sha256": seen.sha256, "standing": seen.standing.why}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{seen.title}  sha256 {seen.sha256}  {seen.standing.why}")
    for name, value in _summary(seen.manifest).items():
        click.echo(f"  {name}: {_printable(str(value))}")
    click.echo(f"\n{_printable(seen.manifest.card)}")


@command.command("verify")
@click.argument("model", default="default")
@device_option
@trust_options
@with_trust
def verify(model: str, device: str | None, trust: "Trust") -> None:
    """Check that a bundle is whole and reproduces its golden vectors on a device.

    One that nothing vouches for is tried on the CPU in a process of its own, under limits.
    """
    from eegstream.codec.seen import look

    seen = look(model, trust)
    if not seen.standing.is_trusted and not trust.allow_unsigned:
        from eegstream.codec.trial import try_out

        trial = try_out(seen.content, seen.path.name)
        click.echo(
            f"{seen.title} verifies on cpu, tried out under limits: {trial.agreement:.4%} of its golden codes, "
            f"decode error {trial.decode_error:.2e} of the golden RMS"
        )
        click.echo(f"nothing vouches for it; if you trust it, use it with --model-sha256 {seen.sha256}", err=True)
        return
    from eegstream.codec.bundle import load
    from eegstream.codec.engine import Engine, choose_device

    chosen = choose_device(device or "auto")
    bundle = load(model, chosen, trust)
    engine = Engine(bundle, chosen)
    report = engine.report
    click.echo(
        f"{bundle.title} verifies on {chosen}: {report.agreement:.4%} of {bundle.golden.codes.size} golden codes, "
        f"decode error {report.decode_error:.2e} of the golden RMS; patches are encoded by {engine.encoded_by}"
    )


@command.command("keys")
@click.argument("secret", metavar="NAME.key", type=click.Path(path_type=Path))
def keys(secret: Path) -> None:
    """Make a pair of keys for signing bundles: NAME.key, which stays secret, and NAME.pub."""
    from eegstream.codec.signatures import make_keys

    public, _ = make_keys(secret)
    click.echo(f"{secret} signs (keep it secret); who has {public} in --model-keys runs what it signed")


@command.command("sign")
@click.argument("model", metavar="MODEL.pt", type=click.Path(path_type=Path))
@click.option("--key", required=True, metavar="NAME.key", type=click.Path(path_type=Path), help="The secret key.")
def sign(model: Path, key: Path) -> None:
    """Sign a bundle: write MODEL.pt.sig beside it."""
    from eegstream.codec.seen import look
    from eegstream.codec.signatures import sign as write_signature

    seen = look(str(model.absolute()))
    path = write_signature(model, seen.sha256, key)
    click.echo(f"{path}: {seen.title}, sha256 {seen.sha256}")


def _printable(text: str) -> str:
    """A text of a bundle, in which no character can steer the terminal."""
    from eegstream.codec.wording import printable

    return "\n".join(map(printable, text.split("\n")))


def _summary(manifest: "Manifest") -> dict[str, object]:
    """What `--json` tells of a bundle."""
    from eegstream.codec.manifest import bits_of

    return {
        "patch": manifest.patch,
        "hop": manifest.hop,
        "codes": len(manifest.words),
        "bits": round(bits_of(manifest.words), 3),
        "model_rate_hz": manifest.frontend.model_rate_hz,
        "decodes": list(manifest.decodes),
        "license": manifest.license,
    }
