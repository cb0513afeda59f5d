"""Build the data module that the settings name, prepare its recordings, print the split and save it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import lightning
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from eegstream.errors import ConfigError
from trainer.data.datamodule import CorpusDataModule
from trainer.data.preparation import Side
from trainer.data.splits import SplitDescription
from trainer.hydra_app import build
from trainer.protocols import PatchDataModule, missing_members
from trainer.training.console import print_once

_MOST_NAMES = 12
"""Subjects of a side that are printed; split.json lists all."""


def open_data(settings: DictConfig) -> PatchDataModule:
    """The data module that the group `data` of the settings names, with its data prepared.

    Raises:
        ConfigError: a setting or the data cannot be used, or it is not a `PatchDataModule`.
    """
    made: Any = build(settings)
    if not isinstance(made, lightning.LightningDataModule) or missing_members(made, PatchDataModule):
        lacking = ", ".join(missing_members(made, PatchDataModule)) or "lightning.LightningDataModule as its base"
        raise ConfigError(f"{settings['_target_']} lacks {lacking}", "Add what trainer.protocols.PatchDataModule lists")
    made.prepare_data()
    return cast("PatchDataModule", made)


def as_lightning(data: PatchDataModule) -> lightning.LightningDataModule:
    """The same object as Lightning sees it."""
    assert isinstance(data, lightning.LightningDataModule), "open_data refuses others"  # noqa: S101  (an internal error)
    return data


def split_of(data: PatchDataModule) -> SplitDescription:
    """Files by side, data set and subject; empty for data that does not come from recordings."""
    return data.describe() if isinstance(data, CorpusDataModule) else {}


def prepared_data(config: DictConfig) -> PatchDataModule:
    """The data module of a run; its recordings are prepared, and its split is written into the run's folder."""
    data = open_data(config.data)
    if isinstance(data, CorpusDataModule):
        sides = data.sides()
        for line in data.source.subject_lines():
            print_once(line)
        for name, side in sides.items():
            if side.recordings or side.skipped:
                print_once(_side_summary(name, side))
    _write_split(split_of(data), Path(config.folder))
    return data


@rank_zero_only
def _write_split(split: SplitDescription, folder: Path) -> None:
    (folder / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")


def _side_summary(name: str, side: Side) -> str:
    new = sum(recording.is_new for recording in side.recordings)
    samples = sum(signal.samples_uv.size for signal in side.signals)
    lines = [
        f"{name}: {len(side.recordings)} recordings, {samples / 1e6:.1f} million samples, "
        + (f"{new} newly prepared" if new else "all from the cache"),
        *(
            f"  {len(who)} subject{'s' if len(who) > 1 else ''} of {data_set}: {_some(who)}"
            for data_set, who in _subjects(side).items()
        ),
    ]
    if side.skipped:
        lines.append(f"  {len(side.skipped)} left out:")
        lines += [f"    {skipped}" for skipped in side.skipped]
    return "\n".join(lines)


def _subjects(side: Side) -> dict[str, list[str]]:
    """Subjects of a side with usable recordings, by data set."""
    pairs = sorted({(signal.data_set, signal.subject) for signal in side.signals})
    return {data_set: [subject for own, subject in pairs if own == data_set] for data_set, _ in pairs}


def _some(names: Sequence[str]) -> str:
    """The first names, and the number of further ones."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_MOST_NAMES])} and {more} more"
