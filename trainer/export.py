"""Make a bundle of a checkpoint: `python -m trainer.export checkpoint=PATH name=NAME [version=N]`."""

import json
import os
import tempfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import click
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from eegstream.codec import bundle, torchscript
from eegstream.codec.engine import Engine
from eegstream.codec.manifest import Manifest
from eegstream.errors import ConfigError
from trainer.card import model_card
from trainer.data import PatchData
from trainer.evaluate import in_tiles, measure_all
from trainer.golden import golden_vectors
from trainer.run import build, run_job

Patches = dict[tuple[str, float], Tensor]


def export(config: DictConfig) -> None:
    """Write the bundle that `config` names, measured and verified; never over an existing one.

    Raises:
        ConfigError: the version exists, or the checkpoint cannot be used.
        BundleError: the bundle does not verify.
    """
    target = Path(config.folder) / f"{config.name}-{config.version}.pt"
    _refuse_existing(target)
    torch.set_num_threads(1)
    checkpoint = _load_checkpoint(Path(config.checkpoint))
    settings = checkpoint["config"]
    if config.data_root is not None:
        settings["data"]["source"]["root"] = config.data_root
    network = _network(settings, checkpoint["state_dict"])
    data: PatchData = build(OmegaConf.create(settings["data"]))
    sides = {side: data.patches(side) for side in ("val", "test")}
    scripted = torchscript.script(network)
    _require_same(network, scripted, sides["val"])
    metrics = {
        name: {"side": side, **figures}
        for side, patches in sides.items()
        for name, figures in measure_all(
            scripted.encode, scripted.decode, patches, settings["frontend"]["model_rate_hz"]
        ).items()
    }
    manifest = _manifest(config, checkpoint, network, data, metrics)
    _write(scripted, manifest, target)
    click.echo(_summary(target, manifest))


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise ConfigError(f"{target} exists, and a version is never overwritten", "Give the next `version`")


def _load_checkpoint(path: Path) -> dict[str, Any]:
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _ = checkpoint["config"]["model"], checkpoint["state_dict"]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{path} is no checkpoint of trainer.train ({reason[:120]})", "Give the path that training printed"
        ) from None
    return checkpoint


def _network(settings: dict[str, Any], state: dict[str, Tensor]) -> Any:
    """The trained module, for use."""
    network: nn.Module = build(OmegaConf.create(settings["model"]))
    prefix = "network."
    network.load_state_dict({key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)})
    return network.eval().requires_grad_(requires_grad=False)


def _require_same(network: Any, scripted: torch.jit.ScriptModule, patches: Patches) -> None:
    """The scripted module must give eager's codes and patches, to the bit.

    Raises:
        ConfigError: it does not.
    """
    for (data_set, rate_hz), rows in patches.items():
        rates = torch.full((len(rows), 1), rate_hz)
        codes = in_tiles(network.encode, rows, rates)
        same = torch.equal(codes, in_tiles(scripted.encode, rows, rates)) and torch.equal(
            in_tiles(network.decode, codes, rates), in_tiles(scripted.decode, codes, rates)
        )
        if not same:
            raise ConfigError(
                f"on {data_set} at {rate_hz:g} Hz the scripted model differs from the trained one",
                "Write the model's methods so that scripting keeps their order of operations",
            )


def _manifest(
    config: DictConfig, checkpoint: dict[str, Any], network: Any, data: PatchData, metrics: dict[str, Any]
) -> Manifest:
    settings = checkpoint["config"]
    patch: int = settings["model"]["patch_size"]
    said = dict(settings["bundle"])
    purpose = said.pop("purpose", "")
    facts = {
        "format": 1,
        "name": config.name,
        "version": config.version,
        "patch": patch,
        "hop": patch,
        "words": network.words,
        "prefix": False,
        "decodes": ["mse"],
        "frontend": _without_target(settings["frontend"]),
        **said,
        "model": {"class": settings["model"]["_target_"], **_without_target(settings["model"])},
        "training": _training(checkpoint, data.source.describe().get("train", {})),
        "metrics": metrics,
        "license": config.license,
    }
    card = model_card(facts, config.purpose or purpose, data.source.attributions())
    return Manifest.from_json(json.dumps({**facts, "card": card}).encode(), config.name)


def _training(checkpoint: dict[str, Any], train_split: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    settings = checkpoint["config"]
    return {
        "command": settings["command"],
        "steps": checkpoint["global_step"],
        "batch_size": settings["data"]["batch_size"],
        "seed": settings["seed"],
        **settings["optimizer"],
        "subjects": {name: sorted(people) for name, people in train_split.items()},
        "torch": torch.__version__,
    }


def _without_target(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "_target_"}


def _write(scripted: torch.jit.ScriptModule, manifest: Manifest, target: Path) -> None:
    """Save and load again, compute golden vectors with what was loaded, save with them, verify, only then name it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        bare, whole = Path(folder) / "bare.pt", Path(folder) / target.name
        torchscript.save(scripted, bare, {})
        reloaded, _ = torchscript.load(bare, ())
        golden = golden_vectors(reloaded, manifest)
        torchscript.save(
            reloaded, whole, {"manifest.json": manifest.model_dump_json(indent=1).encode(), "golden.npz": golden}
        )
        Engine(bundle.load(str(whole)), torch.device("cpu"))
        try:
            os.link(whole, target)
        except FileExistsError:
            _refuse_existing(target)


def _summary(target: Path, manifest: Manifest) -> str:
    lines = [f"wrote {target}, {target.stat().st_size / 1e6:.2f} MB"]
    lines += [
        f"  {name:22} {m['side']:5} NRMSE {m['nrmse']:.3f}  r {m['r']:.3f}" for name, m in manifest.metrics.items()
    ]
    lines.append(f"next  eegstream model show {target}")
    return "\n".join(lines)


def main() -> None:
    """Compose the settings and export."""
    run_job(export, "export")


if __name__ == "__main__":
    main()
