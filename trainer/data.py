"""Patches for training and validation, from recordings or from the synthetic source."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning
import torch
from lightning.pytorch.utilities.types import EVAL_DATALOADERS
from pydantic import ValidationError
from torch.utils.data import DataLoader, TensorDataset

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError, EegstreamError
from eegstream.files.recordings import read_recording
from trainer.signals import Signal, at_rates
from trainer.splits import Selection, Source, Split, describe_split, find_sources, hold_out, require_disjoint
from trainer.windows import Batch, BatchNumbers, TrainingWindows, consecutive

_VALIDATION_ROWS = 1024


class SignalSource(Protocol):
    """Where signals come from."""

    def signals(self, side: str, settings: FrontEndSettings) -> list[Signal]:
        """Signals of a side: "train", "val" or "test"."""

    def shares(self) -> dict[str, float]:
        """Weight of each data set in training."""

    def attributions(self) -> dict[str, str]:
        """Whose data the data sets are."""

    def describe(self) -> dict[str, Any]:
        """The split, as it is written out beside a run."""


class SyntheticSource:
    """Made-up EEG; each side has its own seeds."""

    def __init__(
        self, rates_hz: Sequence[float], channels: int, seconds: float, recordings: Mapping[str, int], seed: int
    ) -> None:
        self._rates_hz = tuple(rates_hz)
        self._channels = channels
        self._seconds = seconds
        self._recordings = dict(recordings)
        self._seed = seed

    def signals(self, side: str, settings: FrontEndSettings) -> list[Signal]:
        """Signals of as many recordings as the side has, at every rate in turn."""
        paths = [self._path(side, number) for number in range(self._recordings.get(side, 0))]
        return [signal for path in paths for signal in at_rates("synthetic", read_recording(path), settings, ())]

    def _path(self, side: str, number: int) -> str:
        seed = self._seed + 1000 * ("train", "val", "test").index(side) + number
        rate_hz = self._rates_hz[number % len(self._rates_hz)]
        return f"synthetic:rate={rate_hz:g},channels={self._channels},seconds={self._seconds:g},seed={seed}"

    def shares(self) -> dict[str, float]:
        """The one data set there is."""
        return {"synthetic": 1.0}

    def attributions(self) -> dict[str, str]:
        """Nobody's."""
        return {"synthetic": "made up by eegstream, no recording"}

    def describe(self) -> dict[str, Any]:
        """The made-up recordings of each side."""
        return {
            side: {"synthetic": {str(number): [self._path(side, number)] for number in range(count)}}
            for side, count in self._recordings.items()
        }


class RecordingSource:
    """Recordings below a folder, split by subject.

    Raises:
        ConfigError: the selections do not make a split.
    """

    def __init__(
        self,
        root: str,
        train: Mapping[str, Any],
        val: Mapping[str, Any] | None = None,
        test: Mapping[str, Any] | None = None,
        hold_out_share: float = 0.2,
        rates_hz: Sequence[float] = (),
        seed: int = 0,
    ) -> None:
        self._root = Path(root).expanduser()
        self._selections = {
            side: {name: _selection(side, name, s) for name, s in (chosen or {}).items() if s is not None}
            for side, chosen in (("train", train), ("val", val), ("test", test))
        }
        self._rates_hz = tuple(rates_hz)
        self._split = self._make_split(hold_out_share, seed)
        require_disjoint(self._split)

    def _make_split(self, hold_out_share: float, seed: int) -> Split:
        if not self._selections["train"]:
            raise ConfigError("data.train names no data set", "Name at least one")
        found = {side: find_sources(self._root, chosen) for side, chosen in self._selections.items() if chosen}
        if "val" not in found:
            found |= hold_out(found["train"], hold_out_share, seed)
        return found

    def signals(self, side: str, settings: FrontEndSettings) -> list[Signal]:
        """Signals of a side's recordings; at other rates too, where those are set and the model keeps the stream's.

        Tests stay with what the devices really sent.
        """
        rates_hz = () if settings.model_rate_hz or side == "test" else self._rates_hz
        return [signal for source in self._split.get(side, []) for signal in _read(source, settings, rates_hz)]

    def shares(self) -> dict[str, float]:
        """Each data set's share as its selection says."""
        return {name: selection.share for name, selection in self._selections["train"].items()}

    def attributions(self) -> dict[str, str]:
        """Each data set's attribution as its selection says."""
        return {
            name: selection.attribution for chosen in self._selections.values() for name, selection in chosen.items()
        }

    def describe(self) -> dict[str, Any]:
        """Files by side, data set and subject."""
        return describe_split(self._split, self._root)


def _selection(side: str, name: str, settings: Mapping[str, Any]) -> Selection:
    try:
        return Selection.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"data.source.{side}.{name}.{where}: {first['msg']}", f"Known are {', '.join(Selection.model_fields)}"
        ) from None


def _read(source: Source, settings: FrontEndSettings, rates_hz: tuple[float, ...]) -> list[Signal]:
    try:
        return at_rates(source.data_set, read_recording(source.path), settings, rates_hz)
    except EegstreamError as error:
        raise ConfigError(f"{source.path.name} cannot be used: {error.message}", error.remedy) from None


class PatchData(lightning.LightningDataModule):
    """Front-ended patches of a source, for Lightning.

    Raises:
        ConfigError: a side has no patch.
    """

    def __init__(
        self,
        source: SignalSource,
        frontend: FrontEndSettings,
        patch_size: int,
        batch_size: int,
        batches_per_epoch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.source = source
        self._frontend = frontend
        self._patch_size = patch_size
        self._batch_size = batch_size
        self._batches_per_epoch = batches_per_epoch
        self._seed = seed
        self._training: TrainingWindows | None = None
        self._validation: dict[str, TensorDataset] = {}

    @property
    def validation_sets(self) -> list[str]:
        """Names of the validation data sets, in the order of their loaders."""
        return list(self._validation)

    def setup(self, stage: str) -> None:  # noqa: ARG002  (lightning names the stage; there is but one reading)
        """Read everything there is to read; once."""
        if self._training is None:
            signals = self.source.signals("train", self._frontend)
            longest = max((signal.samples_uv.shape[1] for signal in signals), default=0)
            if longest < self._patch_size:
                raise ConfigError(
                    f"the longest training signal has {longest} samples, a patch {self._patch_size}",
                    "Give longer recordings or a smaller model.patch_size",
                )
            self._training = TrainingWindows(
                signals, self.source.shares(), self._patch_size, self._batch_size, self._seed
            )
            self._validation = self._validation_patches()

    def _validation_patches(self) -> dict[str, TensorDataset]:
        by_set: dict[str, list[Batch]] = {}
        for (data_set, rate_hz), patches in self.patches("val").items():
            by_set.setdefault(data_set, []).append((patches, torch.full((len(patches), 1), rate_hz)))
        if not by_set:
            raise ConfigError("the validation side has no patch", "Give it more or longer recordings")
        return {
            name: TensorDataset(torch.cat([p for p, _ in parts]), torch.cat([r for _, r in parts]))
            for name, parts in by_set.items()
        }

    def patches(self, side: str) -> dict[tuple[str, float], torch.Tensor]:
        """Consecutive patches (M, N) uV of a side, by data set and rate."""
        return consecutive(self.source.signals(side, self._frontend), self._patch_size)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches of random windows."""
        if self._training is None:
            raise RuntimeError("setup() comes first")
        return DataLoader(self._training, batch_size=None, sampler=BatchNumbers(self._batches_per_epoch))

    def val_dataloader(self) -> EVAL_DATALOADERS:
        """One loader a data set, in the order of `validation_sets`."""
        return [DataLoader(patches, batch_size=_VALIDATION_ROWS) for patches in self._validation.values()]
