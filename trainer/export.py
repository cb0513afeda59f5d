"""Make a bundle of a checkpoint: `python -m trainer.export checkpoint=PATH [name=NAME] [version=N]`."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from trainer.startup import one_line_endings

with one_line_endings():
    import click
    import torch
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import DictConfig, OmegaConf

    from eegstream.codec import bundle, torchscript
    from eegstream.codec.engine import Engine
    from eegstream.codec.manifest import DECODE_METHODS, Manifest
    from eegstream.codec.trust import Trust
    from eegstream.errors import ConfigError
    from trainer.bundling.golden_vectors import golden_vectors
    from trainer.bundling.manifest import bundle_manifest
    from trainer.bundling.manifest_metrics import manifest_metrics
    from trainer.data.datamodule import MOST_PATCHES
    from trainer.evaluation.windowed_codec import in_tiles
    from trainer.hydra_app import run_job
    from trainer.protocols import Network, PatchesByRate
    from trainer.training.checkpoints import as_module, load_checkpoint, trained_network
    from trainer.training.prepared_data import open_data
    from trainer.training.wandb_login import log_in, wandb_errors


def export(config: DictConfig) -> None:
    """Write the bundle that `config` names, measured and verified; never over an existing one.

    Raises:
        ConfigError: the version exists, or the checkpoint cannot be used.
        BundleError: the bundle does not verify.
    """
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(Path(config.checkpoint))
    settings = checkpoint["config"]
    name, version = _title(config, settings["bundle"])
    target = Path(config.folder) / f"{name}-{version}.pt"
    _refuse_existing(target)
    if config.wandb:
        _require_wandb(settings.get("wandb"))
    if config.data_root is not None:
        _move_data(settings["data"], config.data_root)
    network = trained_network(checkpoint)
    data = open_data(OmegaConf.create(settings["data"]))
    scripted = torchscript.script(as_module(network))
    _require_same(network, scripted, data.patches("val", MOST_PATCHES))
    metrics = manifest_metrics(network, scripted, settings, data)
    manifest = bundle_manifest((name, version), config, checkpoint, network, data, metrics)
    _write(scripted, manifest, target)
    click.echo(_summary(target, manifest))
    if config.wandb:
        _add_to_wandb(target, manifest, settings["wandb"])


def _move_data(settings: dict[str, Any], root: str) -> None:
    """Read the data of a run from another folder.

    Raises:
        ConfigError: the data source has no folder.
    """
    if "root" not in settings.get("source", {}):
        raise ConfigError(
            "data_root is set, but the data of this checkpoint does not come from a folder", "Leave data_root out"
        )
    settings["source"]["root"] = root


def _title(config: DictConfig, recipe: dict[str, Any]) -> tuple[str, int]:
    """Name and version: those of the command, else those of the training's settings. A new name begins with version 1.

    Raises:
        ConfigError: neither has a name.
    """
    name = config.name or recipe.get("name")
    version = config.version or (1 if config.name else recipe.get("version", 1))
    if name is None:
        raise ConfigError("the bundle has no name", "Give name=NAME")
    return str(name), int(version)


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise ConfigError(f"{target} exists, and a version is never overwritten", "Give the next `version`")


def _require_same(network: Network, scripted: torch.jit.ScriptModule, patches: PatchesByRate) -> None:
    """Require that the scripted module gives the codes and patches of the trained one, to the bit.

    Raises:
        ConfigError: they differ.
    """
    for (data_set, rate_hz), rows in patches.items():
        rates = torch.full((len(rows), 1), rate_hz)
        codes = in_tiles(network.encode, rows, rates)
        same = torch.equal(codes, in_tiles(scripted.encode, rows, rates))
        for method in (DECODE_METHODS[kind] for kind in network.decodes):
            eager = in_tiles(getattr(network, method), codes, rates)
            same &= torch.equal(eager, in_tiles(getattr(scripted, method), codes, rates))
        if not same:
            raise ConfigError(
                f"on {data_set} at {rate_hz:g} Hz the scripted model differs from the trained one",
                "Write the model's methods so that scripting does not change the order of operations",
            )


def _write(scripted: torch.jit.ScriptModule, manifest: Manifest, target: Path) -> None:
    """Save and reload the module, compute golden vectors with it, save both, verify the file, only then name it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        bare, whole = Path(folder) / "bare.pt", Path(folder) / target.name
        torchscript.save(scripted, bare, {})
        reloaded, _ = torchscript.load(bare, ())
        golden = golden_vectors(reloaded, manifest)
        torchscript.save(
            reloaded, whole, {"manifest.json": manifest.model_dump_json(indent=1).encode(), "golden.npz": golden}
        )
        Engine(bundle.load(str(whole), trust=Trust(sha256=_sha256(whole))), torch.device("cpu"))
        _rename(whole, target)


def _rename(whole: Path, target: Path) -> None:
    """Give a complete file its name, without links, which not every file system has; never over an existing file.

    Raises:
        ConfigError: there is a file of that name.
    """
    try:
        target.open("xb").close()  # only one of several exports can create it
    except FileExistsError:
        _refuse_existing(target)
    try:
        whole.replace(target)
    except BaseException:
        target.unlink()
        raise


def _require_wandb(run: dict[str, Any] | None) -> None:
    """Refuse, before any work, to add a bundle to a W&B run that cannot be reached.

    Raises:
        ConfigError: the training did not log to W&B, or nobody is logged in.
    """
    if run is None:
        raise ConfigError(
            "wandb is true, but the training of this checkpoint did not log to W&B",
            "Leave wandb=false, or train with logger=wandb",
        )
    if not run["offline"]:
        log_in("Run `wandb login` first, or leave wandb=false")


def _add_to_wandb(target: Path, manifest: Manifest, run: dict[str, Any]) -> None:
    """Make the bundle an artifact of the W&B run that trained it.

    Raises:
        ConfigError: W&B refuses it.
    """
    import wandb  # noqa: PLC0415  (slow to import, and few need it)

    mode: Any = "offline" if run["offline"] else "online"
    folder = HydraConfig.get().runtime.output_dir
    with (
        wandb_errors(
            f"{target} is written; add it with `wandb artifact put --type model --name PROJECT/NAME {target}`"
        ),
        wandb.init(id=run["id"], project=run["project"], resume="allow", mode=mode, dir=folder) as session,
    ):
        artifact = wandb.Artifact(f"{manifest.name}-{manifest.version}", "model", metadata=manifest.metrics)
        artifact.add_file(str(target))
        session.log_artifact(artifact)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _summary(target: Path, manifest: Manifest) -> str:
    digest = _sha256(target)
    lines = [f"wrote {target}, {target.stat().st_size / 1e6:.2f} MB, sha256 {digest}"]
    lines += [
        f"  {name:22} {m['side']:5} NRMSE {m['nrmse']:.3f}  r {m['r']:.3f}  KLT + Lloyd-Max, gain, same bits "
        f"{m['nrmse_of_klt_gain']:.3f}"
        for name, m in manifest.metrics.items()
    ]
    lines.append(f"next  eegstream run --model {target} --model-sha256 {digest}")
    return "\n".join(lines)


def main() -> None:
    """Compose the settings and export."""
    run_job(export, "export")


if __name__ == "__main__":
    main()
