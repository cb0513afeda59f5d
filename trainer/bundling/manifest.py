"""Write the manifest of a bundle, from a checkpoint's settings, its network and its data."""

import json
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from eegstream.codec.manifest import Manifest
from trainer.bundling.model_card import model_card
from trainer.data.splits import SplitDescription
from trainer.protocols import Network, PatchDataModule
from trainer.training.checkpoints import FOR_OPTIMISATION
from trainer.training.prepared_data import split_of
from trainer.training.run_log import read_history

_BESIDE = (*FOR_OPTIMISATION, "fitter")
"""Settings of `model` that do not affect the codes."""


def bundle_manifest(
    title: tuple[str, int],
    config: DictConfig,
    checkpoint: dict[str, Any],
    network: Network,
    data: PatchDataModule,
    metrics: dict[str, Any],
) -> Manifest:
    """The manifest of a bundle with this name and version."""
    settings = checkpoint["config"]
    patch: int = settings["model"]["patch_size"]
    name, version = title
    said = {key: value for key, value in settings["bundle"].items() if key not in ("name", "version")}
    purpose, limits = said.pop("purpose", ""), said.pop("limits", "")
    facts = {
        "format": 1,
        "name": name,
        "version": version,
        "patch": patch,
        "hop": patch,
        "words": list(network.codebook_sizes),
        "prefix": network.prefix,
        "decodes": list(network.decodes),
        "frontend": _without_target(settings["frontend"]),
        **said,
        "model": {
            "class": settings["model"]["_target_"],
            "about": network.about,
            **{k: v for k, v in _without_target(settings["model"]).items() if k not in _BESIDE},
        },
        "training": {
            **_training(checkpoint, split_of(data)),
            "history": read_history(Path(config.checkpoint).absolute().parent.parent),
        },
        "metrics": metrics,
        "license": config.license,
    }
    card = model_card(facts, config.purpose or purpose, limits, dict(data.attributions))
    return Manifest.from_json(json.dumps({**facts, "card": card}).encode(), name)


def _training(checkpoint: dict[str, Any], split: SplitDescription) -> dict[str, Any]:
    settings = checkpoint["config"]
    subjects = {side: {name: sorted(people) for name, people in sets.items()} for side, sets in split.items()}
    return {
        "command": settings["command"],
        "steps": checkpoint["global_step"],
        "batch_size": settings["data"].get("batch_size"),
        "seed": settings["seed"],
        "learning_rate": settings["model"].get("learning_rate", settings["optimizer"].get("lr")),
        "optimizer": settings["optimizer"]["_target_"],
        "scheduler": (settings.get("scheduler") or {}).get("_target_"),
        "loss": settings["loss"]["_target_"],
        "averaged_weights": bool((settings.get("callbacks") or {}).get("averaging")),
        "augmentation": _without_target(settings["data"].get("augmentation", {})),
        "subjects": subjects.get("train", {}),
        "held_out": {side: sets for side, sets in subjects.items() if side != "train"},
        "torch": torch.__version__,
    }


def _without_target(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "_target_"}
