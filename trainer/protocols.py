"""The members that a model, a fitter and a data module must have to be trained, exported and measured here.

They are protocols: a class has these members, and need not inherit from anything in this package.

B patches in a batch, N samples in a patch, G codes of a patch, M patches in all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Batch = Tensor | Sequence[Tensor]
"""Patches (B, N) in microvolts, or these and the sampling rates (B, 1) of their sources in Hz."""

PatchesByRate = Mapping[tuple[str, float], Tensor]
"""Patches (M, N) in microvolts by data set and sampling rate of their source in Hz."""


class Network(Protocol):
    """A `torch.nn.Module` that encodes patches and decodes codes.

    `model._target_` names the class, or a function that makes one. `torch.jit.script` must be able to compile it, with
    `encode` and `decode` marked by `@torch.jit.export`.
    """

    @property
    def patch_size(self) -> int:
        """N."""

    @property
    def codebook_sizes(self) -> Sequence[int]:
        """Number of values (G,) of each code, 2 to 65536."""

    @property
    def prefix(self) -> bool:
        """Whether `decode` accepts -1 for codes that are cut off at the end."""

    @property
    def decodes(self) -> Sequence[str]:
        """Kinds of decoding: "mse" for `decode`, and "spectrum" if there is a method `decode_spectrum`."""

    @property
    def about(self) -> str:
        """What the codes mean, in a few sentences for the model card."""

    def __call__(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) in microvolts of patches (B, N) from sources at rates (B, 1); differentiable."""

    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Codes (B, G) int32 of patches (B, N) in microvolts from sources at rates (B, 1)."""

    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) in microvolts of codes (B, G) int32."""

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """As every module has it."""

    def named_children(self) -> Iterator[tuple[str, nn.Module]]:
        """As every module has it."""


@runtime_checkable
class Penalised(Protocol):
    """A network that asks for more of its training than a small error."""

    def penalty(self, patches: Tensor, reconstructed: Tensor, rate_hz: Tensor) -> Tensor:
        """What is added to the loss, for patches (B, N), their reconstruction (B, N), and rates (B, 1)."""


class NetworkFitter(Protocol):
    """Fits a network to training patches before any gradient step, if the recipe's `model.fitter` names one."""

    @property
    def patches(self) -> int:
        """Number of training patches that it needs."""

    def __call__(
        self, network: nn.Module, patches_uv: NDArray[np.float32], seed: int, report: Callable[[str], None]
    ) -> None:
        """Fit `network` in place to patches (M, N); `report` takes lines on the progress."""


class PatchDataModule(Protocol):
    """A `lightning.LightningDataModule` that gives patches. `data._target_` names the class."""

    @property
    def validation_sets(self) -> Sequence[str]:
        """Names of the validation loaders, in their order."""

    @property
    def attributions(self) -> Mapping[str, str]:
        """Owner and licence of each data set, for the model card."""

    def prepare_data(self) -> None:
        """Make the data ready, or raise an error; called before all others, and more than once."""

    def train_dataloader(self) -> Iterable[Batch]:
        """Batches to train on. Baselines are fitted to them, too."""

    def val_dataloader(self) -> Sequence[Iterable[Batch]]:
        """One loader for each of `validation_sets`."""

    def patches(self, side: str, most: int) -> PatchesByRate:
        """At most `most` patches of each data set and rate for measuring; `side` is "val", others may be empty."""


def missing_members(made: object, contract: type) -> list[str]:
    """Names of members of a protocol of this file that `made` lacks."""
    return [name for name in vars(contract) if not name.startswith("_") and not hasattr(made, name)]
