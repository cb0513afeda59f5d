"""Build the data module that the settings name, prepare its recordings, and print and keep the split."""

import json
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from trainer.data.preparation import Side
from trainer.hydra_app import build
from trainer.training.console import print_once


def prepared_data(config: DictConfig) -> Any:
    """The data module, its recordings prepared and its split written into the run's folder."""
    data = build(config.data)
    for name, side in data.sides().items():
        if side.recordings or side.skipped:
            print_once(_side_summary(name, side))
    _write_split(data.describe(), Path(config.folder))
    return data


@rank_zero_only
def _write_split(split: dict[str, Any], folder: Path) -> None:
    (folder / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")


def _side_summary(name: str, side: Side) -> str:
    new = sum(recording.is_new for recording in side.recordings)
    samples = sum(signal.samples_uv.size for signal in side.signals)
    lines = [
        f"{name}: {len(side.recordings)} recordings, {samples / 1e6:.1f} million samples, "
        + (f"{new} newly prepared" if new else "all from the cache")
    ]
    if side.skipped:
        lines.append(f"  {len(side.skipped)} left out:")
        lines += [f"    {skipped}" for skipped in side.skipped]
    return "\n".join(lines)
