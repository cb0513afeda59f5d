"""A model and a data module as somebody else would write them from the documentation, knowing nothing of ours."""

from collections.abc import Callable, Sequence

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from trainer.protocols import Batch, Network, NetworkFitter, PatchDataModule, PatchesByRate


class Averages(nn.Module):
    """Averages of neighbouring samples, each rounded to one of 256 steps: a code for each average."""

    def __init__(self, patch_size: int, codes: int) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.codebook_sizes = [256] * codes
        self.prefix = False
        self.decodes = ["mse"]
        self.about = "Each code is the average of a part of the patch."
        self.width = patch_size // codes
        self.step_uv = nn.Parameter(torch.tensor(2.0))

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """What comes back; the gradient reaches the step."""
        return self.decode(self.encode(patches, rate_hz), rate_hz)

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Numbers of steps above the lowest one."""
        averages = patches.view(patches.shape[0], -1, self.width).mean(2)
        steps = torch.round(averages.nan_to_num() / self.step_uv.detach()) + 128
        return steps.clamp(0, 255).to(torch.int32)

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Each average for as long as it holds."""
        return ((codes - 128) * self.step_uv).repeat_interleave(self.width, 1)


class StepFitter:
    """Sets the step by the patches' largest averages."""

    def __init__(self, patches: int) -> None:
        self.patches = patches

    def __call__(self, network: nn.Module, patches_uv: object, seed: int, report: Callable[[str], None]) -> None:
        """One number, and a line on it."""
        assert isinstance(network, Averages)
        averages = torch.as_tensor(patches_uv).view(-1, len(network.codebook_sizes), network.width).mean(2)
        step_uv = float(averages.abs().max()) / 128
        with torch.no_grad():
            network.step_uv.fill_(step_uv)
        report(f"the step is {step_uv:.2f} µV")


class Walks(lightning.LightningDataModule):
    """Random walks at 256 Hz, of two validation sets."""

    def __init__(self, patch_size: int, patches: int) -> None:
        super().__init__()
        self.sets = {
            name: self._walks(patches, patch_size, seed) for seed, name in enumerate(("train", "calm", "lively"))
        }

    @staticmethod
    def _walks(count: int, size: int, seed: int) -> Tensor:
        walks = torch.randn(count, size, generator=torch.Generator().manual_seed(seed)).cumsum(1)
        return 3 * (walks - walks.mean(1, keepdim=True))

    @property
    def validation_sets(self) -> Sequence[str]:
        """Two of them."""
        return ["calm", "lively"]

    @property
    def attributions(self) -> dict[str, str]:
        """Nobody's."""
        return {name: f"{name} walks, made up" for name in self.validation_sets}

    def _loader(self, name: str) -> "DataLoader[tuple[Tensor, ...]]":
        patches = self.sets[name]
        return DataLoader(TensorDataset(patches, torch.full((len(patches), 1), 256.0)), 32)

    def train_dataloader(self) -> "DataLoader[tuple[Tensor, ...]]":
        """Patches and rates."""
        return self._loader("train")

    def val_dataloader(self) -> "list[DataLoader[tuple[Tensor, ...]]]":
        """In the order of the names."""
        return [self._loader(name) for name in self.validation_sets]

    def patches(self, side: str, most: int) -> PatchesByRate:
        """All have one rate."""
        return {(name, 256.0): self.sets[name][:most] for name in (self.validation_sets if side == "val" else ())}


network: Network = Averages(64, 8)
fitter: type[NetworkFitter] = StepFitter
data: type[PatchDataModule] = Walks
batch: Batch = torch.zeros(1, 64)
