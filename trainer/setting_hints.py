"""Suggest a setting for one that does not exist."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MOVED = {
    "lr": "model.learning_rate",
    "epochs": "trainer.max_epochs",
    "num_epochs": "trainer.max_epochs",
    "n_epochs": "trainer.max_epochs",
    "gpus": "trainer.devices",
    "device": "trainer.accelerator",
    "resume": "trainer.resume_from_checkpoint",
    "resume_from": "trainer.resume_from_checkpoint",
    "ckpt_path": "trainer.resume_from_checkpoint",
    "root": "data.source.root",
    "data_dir": "data.source.root",
    "data_path": "data.source.root",
    "output_dir": "folder",
    "sample_rate": "frontend.model_rate_hz",
    "sampling_rate": "frontend.model_rate_hz",
}
"""Names of settings in other projects, and the name here."""


def meant(wrong: str, known: Sequence[str], settings: Mapping[str, Any]) -> str:
    """A question with the setting most similar to `wrong`, "; did you mean model.learning_rate?", or "".

    `known` are the names in the same group, `settings` all settings. In order of preference: a similar name in the same
    group, a known name of other projects, the same name in another group, a similar name in another group.
    """
    above, _, last = wrong.rpartition(".")
    if above == "scheduler" and last in {"name", "params"}:
        return "; a scheduler is scheduler=cosine, or {_target_: torch.optim.lr_scheduler.NAME}, its arguments beside"
    elsewhere = list(_paths(settings))
    beside = [f"{above}.{name}".lstrip(".") for name in difflib.get_close_matches(last, known, n=1, cutoff=0.75)]
    moved = [_MOVED[last]] if last in _MOVED else []
    same = [path for path in elsewhere if path.rpartition(".")[2] == last]
    found = beside or moved or same[:3] or _similar(last, elsewhere)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _similar(last: str, paths: Sequence[str]) -> list[str]:
    names = {path.rpartition(".")[2]: path for path in paths}
    return [names[name] for name in difflib.get_close_matches(last, list(names), n=1, cutoff=0.75)]


def _paths(settings: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The full name of every setting and group of settings."""
    for key, value in settings.items():
        path = f"{above}{key}"
        if path != "hydra" and not str(key).startswith("_"):
            yield path
            if isinstance(value, Mapping):
                yield from _paths(value, f"{path}.")
