"""A DataLoader of one's own: sines in noise, in place of whatever you have.

python -m trainer.train --config-dir docs/examples data=own

The trainer finds this module because it is in the folder that `--config-dir` names.
"""

import torch
from torch.utils.data import DataLoader, TensorDataset


def loader(patches: int, patch_size: int, batch_size: int, seed: int, shuffle: bool) -> DataLoader:
    """Batches of patches [batch_size, patch_size] in microvolts with rates [batch_size, 1] in Hz."""
    generator = torch.Generator().manual_seed(seed)
    rate_hz = torch.tensor([128.0, 256.0, 512.0])[torch.randint(3, (patches, 1), generator=generator)]
    frequency_hz = 2 + 20 * torch.rand(patches, 1, generator=generator)
    phase = 6.28 * torch.rand(patches, 1, generator=generator)
    sines = 20 * torch.sin(6.28 * frequency_hz / rate_hz * torch.arange(patch_size) + phase)
    noise = 5 * torch.randn(patches, patch_size, generator=generator)
    return DataLoader(TensorDataset(sines + noise, rate_hz), batch_size, shuffle=shuffle)
