"""Train on DataLoaders of your own.

A batch is a tensor of patches [batch_size, patch_size] in microvolts, or such patches with their sources' rates
[batch_size, 1] in Hz, which a conditioned model needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import click
import lightning
import torch
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.types import EVAL_DATALOADERS
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from trainer.data.loader_batches import as_batch, doubts, first_batch

__all__ = ["LoaderDataModule", "as_batch", "dummy_loader"]

MOST_PATCHES = 200_000
"""Patches of one data set and rate."""
USUAL_RATES_HZ = (100.0, 2048.0)
"""The default of `bundle.rate_range_hz`; an evaluation has no such setting to refer to."""


class LoaderDataModule(lightning.LightningDataModule):
    """One loader for training, one or several named ones for validation.

    Args:
        train: the loader for training.
        val: the loader for validation, or several by name.
        patch_size: N, samples in a patch.
        batch_size: for settings of loaders to refer to, and for the model card.
        attribution: owner and licence of the data.
        needs_rates: the model is conditioned on the rate, so a batch without rates is refused.
        rate_range_hz: rates that the model is made for, `bundle.rate_range_hz`; others give a warning.
    """

    def __init__(
        self,
        train: DataLoader[Any],
        val: DataLoader[Any] | Mapping[str, DataLoader[Any]],
        patch_size: int,
        batch_size: int,
        attribution: str = "",
        needs_rates: bool = False,
        rate_range_hz: Sequence[float] = USUAL_RATES_HZ,
    ) -> None:
        super().__init__()
        self.batch_size = batch_size
        """For settings of loaders to refer to, and for the model card."""
        self._train = train
        self._val = dict(val) if isinstance(val, Mapping) else {"own": val}
        self._patch_size = patch_size
        self._attribution = attribution
        self._needs_rates = needs_rates
        self._rate_range_hz = rate_range_hz
        self._is_checked = False

    @property
    def validation_sets(self) -> list[str]:
        """Names of the validation loaders."""
        return list(self._val)

    @property
    def attributions(self) -> dict[str, str]:
        """Owner and licence of each data set."""
        return dict.fromkeys(self._val, self._attribution)

    def prepare_data(self) -> None:
        """Check the first batch of each loader, once.

        Raises:
            ConfigError: there is no batch, or it is certainly wrong.
        """
        for name, loader in {} if self._is_checked else {"train": self._train, **self._val}.items():
            self._check(name, loader)
        self._is_checked = True

    def _check(self, name: str, loader: DataLoader[Any]) -> None:
        given = first_batch(name, loader)
        if given is None:
            return
        batch = as_batch(given, self._patch_size, self._needs_rates)
        for doubt in doubts(given, batch, self._rate_range_hz):
            _warn(f"loader {name}: {doubt}")

    def patches(self, side: str, most: int = MOST_PATCHES) -> dict[tuple[str, float], Tensor]:
        """Patches (M, N) of the validation loaders by name and rate; none for other sides."""
        found: dict[tuple[str, float], list[Tensor]] = {}
        for name, loader in self._val.items() if side == "val" else ():
            for batch in loader:
                patches, rates_hz = as_batch(batch, self._patch_size, needs_rates=False)
                for rate_hz in sorted(set(rates_hz[:, 0].tolist())):
                    found.setdefault((name, rate_hz), []).append(patches[rates_hz[:, 0] == rate_hz])
        return {key: torch.cat(parts)[:most] for key, parts in found.items()}

    def train_dataloader(self) -> DataLoader[Any]:
        """The training loader."""
        return self._train

    def val_dataloader(self) -> EVAL_DATALOADERS:
        """The validation loaders, in the order of `validation_sets`."""
        return list(self._val.values())


@rank_zero_only
def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def dummy_loader(
    batch_size: int, patch_size: int, batches: int, with_rates: bool, shuffle: bool, seed: int
) -> DataLoader[Any]:
    """Noise with a falling spectrum, as an example of a loader to be replaced by your own."""
    generator = torch.Generator().manual_seed(seed)
    patches = torch.randn(batches * batch_size, patch_size, generator=generator).cumsum(dim=1)
    patches -= patches.mean(dim=1, keepdim=True)
    if not with_rates:
        return DataLoader(patches, batch_size, shuffle=shuffle)  # type: ignore[arg-type]
    choice = torch.tensor([128.0, 250.0, 256.0, 500.0])
    rates_hz = choice[torch.randint(len(choice), (len(patches), 1), generator=generator)]
    return DataLoader(TensorDataset(patches, rates_hz), batch_size, shuffle=shuffle)
