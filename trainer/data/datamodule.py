"""The patches of a corpus for Lightning: prepared, split by subject, in batches."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lightning
import torch
from lightning.pytorch.utilities import rank_zero_only

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from eegstream.workers.left_out import Skipped
from trainer.data.augment import Augmentation
from trainer.data.cache import SignalCache
from trainer.data.corpora import Corpus, split_by
from trainer.data.front_ended import Signal
from trainer.data.left_out import account, unusable, with_left_out, write_left_out
from trainer.data.preparation import Job, Prepared, Side, prepare
from trainer.data.recording_overrides import Patterns, RecordingOverrides
from trainer.data.splits import SIDES, RecordingSource, SplitDescription, SplitRule
from trainer.data.windows import (
    BatchNumbers,
    ConsecutiveBatches,
    Loader,
    Share,
    TrainingBatches,
    consecutive,
)

MOST_PATCHES = 200_000
"""Patches of one data set and rate that are held in memory for measuring: 200 MB for 256 samples each."""
_VALIDATION_ROWS = 1024


class CorpusDataModule(lightning.LightningDataModule):
    """Front-ended patches of a corpus.

    Args:
        source: the recordings of each side.
        frontend: the signal path before the model.
        patch_size: N, samples in a patch.
        batch_size: patches of one training step, over all processes together.
        batches_per_epoch: None: as many as the data holds without overlap.
        seed: seed of windows and augmentation.
        augmentation: random changes of training patches.
        rates_hz: rates of devices to imitate in training, beside the recordings' own rate; in validation too, if the
            model works at the stream's own rate.
        cache: folder of prepared signals.
        scheduler: where recordings are prepared, see `trainer.data.preparation.prepare`.
        strict: a recording that cannot be used ends the run.
        channels: patterns of labels, or numbers from 1; these channels are EEG, whatever type the files state.
        drop: patterns or numbers of channels to leave out.
        unit: unit of channels that state none, or with "!" of all, as `--unit` of `eegstream encode`.
        rate: the sampling rate in Hz, whatever rate files state or timestamps show.
        folder: the run's folder; left_out.json is written there once all sides are prepared.

    Raises:
        ConfigError: a setting is wrong, a side has no patch, or a recording cannot be used and `strict` is set.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (its arguments are the settings, one by one as configs/data names them)
        self,
        source: Corpus,
        frontend: FrontEndSettings,
        patch_size: int,
        batch_size: int,
        batches_per_epoch: int | None,
        seed: int,
        augmentation: Augmentation,
        rates_hz: Sequence[float],
        cache: str,
        scheduler: str | None,
        strict: bool,
        channels: Patterns = None,
        drop: Patterns = None,
        unit: str | None = None,
        rate: float | None = None,
        folder: str | None = None,
    ) -> None:
        super().__init__()
        self.source = source
        self._frontend = frontend
        self._patch_size = patch_size
        self._batch_size = batch_size
        self._batches_per_epoch = batches_per_epoch
        self._seed = seed
        self._augmentation = augmentation
        self._rates_hz = tuple(rates_hz)
        self._cache = SignalCache(Path(cache).expanduser().absolute())
        self._scheduler = scheduler
        self._strict = strict
        self._folder = None if folder is None else Path(folder)
        self._overrides = RecordingOverrides.of(channels, drop, unit, rate)
        self._sides: dict[str, Side] = {}

    @property
    def validation_sets(self) -> list[str]:
        """Names of the validation data sets, in the order of their loaders."""
        return sorted({signal.data_set for signal in self.side("val").signals})

    @property
    def attributions(self) -> dict[str, str]:
        """Owner and licence of each data set."""
        return self.source.attributions

    def describe(self) -> SplitDescription:
        """Files by side, data set and subject."""
        return self.source.describe()

    def side(self, side: str) -> Side:
        """The prepared recordings of a side: "train", "val" or "test"."""
        return self.sides((side,))[side]

    def sides(self, names: Sequence[str] = SIDES) -> dict[str, Side]:
        """The prepared recordings of several sides.

        Raises:
            ConfigError: none of the recordings for training, or for validation, can be used.
        """
        if self._strict and self.source.left_out:
            raise unusable(self.source.left_out)
        missing = [name for name in names if name not in self._sides]
        jobs = [(name, self._job(name, source)) for name in missing for source in self.source.split.get(name, [])]
        found = self._prepared([job for _, job in jobs])
        outcomes = {name: [one for (side, _), one in zip(jobs, found, strict=True) if side == name] for name in missing}
        lacking = [name for name in ("train", "val") if name in missing and all(map(self._why_not, outcomes[name]))]
        if lacking and self.source.drawn_by:
            self._draw_again(self.source.drawn_by)
            return self.sides(names)
        self._sides |= {name: self._checked(name, own) for name, own in outcomes.items()}
        if self._folder is not None and {*SIDES} <= {*names}:
            rank_zero_only(write_left_out)(
                self._folder, [one for side in self._sides.values() for one in side.skipped.skipped]
            )
        return {name: self._sides[name] for name in names}

    def _draw_again(self, rule: SplitRule) -> None:
        """Draw the validation subjects again, among those with a usable recording, since a side would have none."""
        sides = self.source.split.items()
        jobs = [self._job(side, source) for side, sources in sides for source in sources]
        found = list(zip((job.source for job in jobs), self._prepared(jobs), strict=True))
        usable = [source for source, one in found if not self._why_not(one)]
        lost = [Skipped(one.name, why, one.data_set) for _, one in found if (why := self._why_not(one))]
        self.source = replace(self.source, drawn_by=None)
        if usable:
            left_out = (*self.source.left_out, *lost)
            self.source = replace(self.source, split=split_by(rule, usable, left_out), left_out=left_out)
            self._sides = {}

    def imitated(self, side: str, rates_hz: Sequence[float]) -> Side:
        """The recordings of a side at their own rate, and as devices of these rates would have sent them."""
        sources = self.source.split.get(side, [])
        jobs = [Job(source, self._frontend, tuple(rates_hz), self._cache, self._overrides) for source in sources]
        return self._checked(side, self._prepared(jobs))

    def _job(self, side: str, source: RecordingSource) -> Job:
        at_rates = side == "train" or (side == "val" and self._frontend.model_rate_hz is None)
        return Job(source, self._frontend, self._rates_hz if at_rates else (), self._cache, self._overrides)

    def _prepared(self, jobs: Sequence[Job]) -> list[Prepared | Skipped]:
        """Outcomes, each named by its path relative to the data's root."""
        found = prepare(jobs, self._scheduler, strict=self._strict)
        return [
            replace(outcome, name=self.source.shown(job.source.path)) for job, outcome in zip(jobs, found, strict=True)
        ]

    def _checked(self, side: str, found: Sequence[Prepared | Skipped]) -> Side:
        """Leave out recordings that are too short; the training side also reports what the source left out."""
        skipped = [Skipped(one.name, why, one.data_set) for one in found if (why := self._why_not(one))]
        usable = [one for one in found if isinstance(one, Prepared) and not self._why_not(one)]
        skipped += [Skipped(one.name, why, one.data_set) for one in usable for why in one.lost]
        if self._strict and skipped:
            raise unusable(skipped)
        if not usable and side != "test":
            error = ConfigError(
                f"the {side} side has no patch: none of its {len(found)} recordings can be used",
                "Give other recordings, or a smaller model.patch_size",
            )
            raise with_left_out(error, [*skipped, *self.source.left_out])
        return Side(usable, account([*(self.source.left_out if side == "train" else ()), *skipped]))

    def _why_not(self, found: Prepared | Skipped) -> str | None:
        """Why a recording cannot be used; None if it can be."""
        if isinstance(found, Skipped):
            return found.why
        if found.longest >= self._patch_size:
            return None
        return (
            f"its longest piece without a gap has {found.longest} samples after the first 2 s, and a patch has "
            f"{self._patch_size}"
        )

    def patches(self, side: str, most: int = MOST_PATCHES) -> dict[tuple[str, float], torch.Tensor]:
        """Consecutive patches (M, N) uV of a side, by data set and rate; of each at most `most`, evenly spread."""
        return consecutive(self.side(side).signals, self._patch_size, most)

    def train_dataloader(self) -> Loader:
        """Batches of random windows."""
        return self._windows(self._patch_size, self._augmentation)

    def window_loader(self, size: int) -> Loader:
        """Batches of random windows of this many samples, drawn as in training but without strong lines."""
        return self._windows(size, self._augmentation.without_lines())

    def _windows(self, size: int, augmentation: Augmentation) -> Loader:
        signals = self.side("train").signals
        batches = TrainingBatches(
            signals,
            self.source.shares,
            size,
            self._batch_size,
            self._seed,
            augmentation,
            self._frontend.model_rate_hz,
        )
        batches.share = self._share()
        return Loader(batches, BatchNumbers(self._batches_per_epoch or self._one_pass(signals), goes_on=True))

    def _one_pass(self, signals: Sequence[Signal]) -> int:
        """Batches that together hold as many patches as the signals hold without overlap."""
        return math.ceil(ConsecutiveBatches(signals, self._patch_size, 1).patches / self._batch_size)

    def val_dataloader(self) -> list[Loader]:
        """One loader for each data set, in the order of `validation_sets`."""
        loaders = []
        for name in self.validation_sets:
            signals = [signal for signal in self.side("val").signals if signal.data_set == name]
            batches = ConsecutiveBatches(signals, self._patch_size, _VALIDATION_ROWS)
            batches.share = self._share()
            loaders.append(Loader(batches, BatchNumbers(len(batches), goes_on=False)))
        return loaders

    def _share(self) -> Share:
        trainer = self.trainer
        share = Share() if trainer is None else Share(trainer.global_rank, trainer.world_size)
        if self._batch_size % share.processes:
            raise ConfigError(
                f"data.batch_size is {self._batch_size}, expected a multiple of the {share.processes} processes",
                "Give a multiple: the batch is divided among all processes",
            )
        return share
