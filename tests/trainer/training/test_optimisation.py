"""Loss, schedule and averaging, each against its formula."""

import math

import lightning
import numpy as np
import pytest
import torch

from trainer.hydra_app import quiet_lightning
from trainer.training.lightning_module import PatchTraining
from trainer.training.losses import RelativeError, RelativeSpectralError
from trainer.training.schedules import warmup_cosine
from trainer.training.weight_averaging import warming_ema


def test_the_loss_weighs_every_patch_alike():
    """Error energy over patch energy and floor."""
    x = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
    y = torch.tensor([[3.0, 1.0], [2.0, 0.0]])
    expected = np.mean([25 / (25 + 2 * 0.5**2), 4 / (0 + 2 * 0.5**2)])
    assert float(RelativeError(floor_uv=0.5)(y, x)) == pytest.approx(expected)


def test_the_spectral_term_sees_powers_and_not_phases():
    """A reversed patch has the same spectrum; half of a patch, a quarter of the power in every band."""
    x = torch.randn(8, 64, generator=torch.Generator().manual_seed(0)) * 20
    plain, both = RelativeError(floor_uv=1.0), RelativeSpectralError(floor_uv=1.0, weight=0.5, edges=[1, 4, 16, 33])
    assert float(both(x.flip(1), x) - plain(x.flip(1), x)) == pytest.approx(0.0, abs=1e-4)
    assert 0.9 * math.log(4) < float(both(x / 2, x) - plain(x / 2, x)) / 0.5 < math.log(4)


class Penalty(torch.nn.Module):
    """A network whose only wish is that its weight be 3."""

    patch_size, codebook_sizes, prefix, decodes, about = 4, (2,), False, ("mse",), ""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, patches, rate_hz):
        return patches

    def penalty(self, patches, reconstructed, rate_hz):
        assert torch.equal(patches, reconstructed)
        return (self.weight - 3).square()


def test_a_networks_penalty_is_part_of_the_loss(tmp_path):
    """One step of gradient descent, half as large as its second derivative, leads to the minimum."""
    quiet_lightning()
    network = Penalty()
    training = PatchTraining(
        network, torch.nn.L1Loss(), lambda weights: torch.optim.SGD(weights, lr=0.5), None, [], False, {"seed": 1}
    )
    trainer = lightning.Trainer(
        max_steps=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        accelerator="cpu",
        default_root_dir=tmp_path,
    )
    batches = torch.utils.data.DataLoader(torch.ones(2, 4), batch_size=2)
    trainer.fit(training, batches, batches)
    assert float(network.weight.detach()) == pytest.approx(3.0)


def test_the_rate_rises_then_falls_along_a_cosine():
    """From a little to the optimizer's own, and down to eta_min."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = warmup_cosine(optimizer, warmup_steps=4, eta_min=0.002, total_steps=20)
    rates = []
    for _ in range(21):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    cosine = [0.002 + 0.098 * (1 + math.cos(math.pi * step / 20)) / 2 for step in range(21)]
    assert rates == pytest.approx([rate * min(1, (step + 1) / 5) for step, rate in enumerate(cosine)])
    assert rates[-1] == pytest.approx(0.002)


def test_the_average_forgets_where_it_began():
    """Its memory grows with the steps, up to the decay."""
    update = warming_ema(0.9)
    average, expected = torch.full((3,), 100.0), 100.0
    for n in range(1, 60):
        update([average], [torch.full((3,), float(n))], torch.tensor(n))
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
        assert average.tolist() == pytest.approx([expected] * 3, rel=1e-5)
    assert math.prod(min(0.9, (1 + n) / (10 + n)) for n in range(1, 60)) < 1e-6 < 0.9**59


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_an_impossible_decay_is_refused(decay):
    """1 would never learn."""
    with pytest.raises(ValueError, match="decay"):
        warming_ema(decay)
