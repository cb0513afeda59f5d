"""Measure a bundle: `python -m trainer.evaluate bundle=NAME[@V]|PATH data=recordings data.source.root=FOLDER`."""

import json
from pathlib import Path

import click
import torch
from omegaconf import DictConfig, open_dict

from eegstream.codec import bundle
from eegstream.codec.engine import Engine
from eegstream.errors import ConfigError
from trainer.report import measured, save_pictures
from trainer.run import build, quiet_lightning, run_job


def evaluate(config: DictConfig) -> None:
    """Verify the bundle, measure it on one side of the data, write figures and pictures, and print a table.

    Raises:
        BundleError: the bundle does not verify.
        ConfigError: the side has no patch.
    """
    quiet_lightning()
    torch.set_num_threads(1)
    loaded = bundle.load(config.bundle)
    Engine(loaded, torch.device("cpu"))
    manifest = loaded.manifest
    with open_dict(config):
        config.frontend = {
            "_target_": "eegstream.dsp.frontend.FrontEndSettings",
            **manifest.frontend.model_dump(),
        }
        config.model.patch_size = manifest.patch
    patches = build(config.data).patches(config.side)
    if not patches:
        raise ConfigError(f"the {config.side} side has no patch", "Give another `side`, or other recordings")
    module = loaded.module
    results, pictures = measured(module.encode, module.decode, manifest.words, patches, manifest.frontend.model_rate_hz)
    folder = Path(config.folder)
    metrics = folder / "metrics.json"
    metrics.write_text(json.dumps({"bundle": loaded.title, "sha256": loaded.sha256, **results}, indent=1))
    paths = save_pictures(pictures, folder / "figures")
    click.echo(f"{loaded.title} on {config.side}:")
    for name, found in results["data"].items():
        click.echo(f"  {name:24} {found['patches']:7} patches  NRMSE {found['nrmse']:.3f}  r {found['r']:.3f}")
    for path in (metrics, *paths):
        click.echo(f"wrote {path}")


def main() -> None:
    """Compose the settings and evaluate."""
    run_job(evaluate, "evaluate")


if __name__ == "__main__":
    main()
