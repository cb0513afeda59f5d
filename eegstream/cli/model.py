"""`eegstream model`."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from eegstream.codec.manifest import Manifest

from eegstream.cli.options import device_option


@click.group("model")
def command() -> None:
    """List, show and verify model bundles."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_bundles(*, as_json: bool) -> None:
    """List the shipped bundles."""
    from eegstream.codec.bundle import load, shipped

    rows = []
    for path in shipped():
        bundle = load(str(path))
        rows.append({"name": bundle.manifest.name, "version": bundle.manifest.version, **_summary(bundle.manifest)})
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        rate = "the stream's rate" if row["model_rate_hz"] is None else f"{row['model_rate_hz']:g} Hz"
        title = f"{row['name']}@{row['version']}"
        click.echo(f"{title:16} {row['codes']} codes, {row['bits']:.1f} bit per patch of {row['patch']} at {rate}")


@command.command("show")
@click.argument("model", default="default")
@click.option("--json", "as_json", is_flag=True, help="The whole manifest as JSON.")
def show(model: str, *, as_json: bool) -> None:
    """Print a bundle's card."""
    from eegstream.codec.bundle import load

    bundle = load(model)
    if as_json:
        click.echo(json.dumps(bundle.manifest.model_dump() | {"sha256": bundle.sha256}, indent=2))
        return
    click.echo(f"{bundle.title}  sha256 {bundle.sha256}")
    for name, value in _summary(bundle.manifest).items():
        click.echo(f"  {name}: {value}")
    click.echo(f"\n{bundle.manifest.card}")


@command.command("verify")
@click.argument("model", default="default")
@device_option
def verify(model: str, device: str | None) -> None:
    """Check that a bundle is whole and reproduces its golden vectors on a device."""
    from eegstream.codec.bundle import load
    from eegstream.codec.engine import Engine, choose_device

    chosen = choose_device(device or "auto")
    bundle = load(model, chosen)
    report = Engine(bundle, chosen).report
    click.echo(
        f"{bundle.title} verifies on {chosen}: {report.agreement:.4%} of {bundle.golden.codes.size} golden codes, "
        f"decode error {report.decode_error:.2e} of the golden RMS"
    )


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
