"""Training windows are drawn fairly and repeatably; validation patches leave nothing out."""

import numpy as np
import torch
from torch.utils.data import DataLoader

from trainer.signals import Signal
from trainer.windows import BatchNumbers, TrainingWindows, WindowPool, consecutive


def ramp(data_set, rate_hz, channels, samples, first=1):
    """Signal whose samples are all different and say where they stand."""
    numbers = np.arange(first, first + channels * samples, dtype=np.float32)
    return Signal(data_set, rate_hz, numbers.reshape(channels, samples))


def test_every_window_lies_within_one_channel_and_each_is_as_likely():
    """Windows never cross from one row to the next; first and last ones are drawn too."""
    pool = WindowPool([ramp("a", 256.0, 2, 10), ramp("a", 256.0, 1, 7, first=101)], patch=4)
    windows = pool.draw(np.random.default_rng(0), 30_000)
    assert (np.diff(windows, axis=1) == 1).all()
    firsts, counts = np.unique(windows[:, 0], return_counts=True)
    assert firsts.tolist() == [*range(1, 8), *range(11, 18), *range(101, 105)]
    assert counts.min() > 0.9 * 30_000 / 18


def test_a_batch_is_a_function_of_seed_and_number():
    """So that a run can be repeated, and resumed anywhere."""
    signals = [ramp("a", 256.0, 3, 100), ramp("b", 500.0, 2, 100)]
    one, two = (TrainingWindows(signals, {"a": 0.6, "b": 0.4}, 16, 32, seed=4) for _ in range(2))
    other = TrainingWindows(signals, {"a": 0.6, "b": 0.4}, 16, 32, seed=5)
    assert torch.equal(one[7][0], two[7][0])
    assert torch.equal(one[7][1], two[7][1])
    assert not torch.equal(one[7][0], one[8][0])
    assert not torch.equal(one[7][0], other[7][0])


def test_shares_rates_and_signs():
    """Sets are drawn by their shares, rates within a set alike, signs evenly, and the rate goes with its patch."""
    signals = [ramp("a", 128.0, 1, 50), ramp("a", 256.0, 1, 900), ramp("b", 512.0, 1, 50), ramp("b", 512.0, 1, 3)]
    windows = TrainingWindows(signals, {"a": 3.0, "b": 1.0}, 16, 8000, seed=0)
    patches, rates_hz = windows[0]
    assert patches.shape == (8000, 16)
    assert rates_hz.shape == (8000, 1)
    share = {rate: float((rates_hz == rate).float().mean()) for rate in (128.0, 256.0, 512.0)}
    assert abs(share[512.0] - 0.25) < 0.02
    assert abs(share[128.0] - share[256.0]) < 0.03
    assert abs(float((patches[:, 0] < 0).float().mean()) - 0.5) < 0.03


def test_epochs_go_on_where_the_last_one_ended():
    """No batch is seen twice."""
    numbers = BatchNumbers(3)
    seen = []
    for epoch in range(3):
        numbers.set_epoch(epoch)
        seen += list(numbers)
    assert seen == list(range(9))
    assert len(numbers) == 3


def test_a_loader_hands_on_whole_batches():
    """The dataset makes batches, the loader adds none."""
    windows = TrainingWindows([ramp("a", 256.0, 1, 50)], {"a": 1.0}, 16, 8, seed=0)
    batches = list(DataLoader(windows, batch_size=None, sampler=BatchNumbers(2)))
    assert [patches.shape for patches, _ in batches] == [(8, 16)] * 2


def test_validation_patches_follow_each_other():
    """By set and rate, row by row, tails left out."""
    cut = consecutive([ramp("a", 256.0, 2, 10), ramp("b", 100.0, 1, 3), ramp("a", 256.0, 1, 4, first=50)], patch=4)
    assert list(cut) == [("a", 256.0)]
    assert cut["a", 256.0][:, 0].tolist() == [1, 5, 11, 15, 50]
