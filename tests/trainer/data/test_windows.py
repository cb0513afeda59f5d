"""Training windows are drawn fairly and repeatably; validation patches leave nothing out."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.augment import Augmentation
from trainer.data.front_ended import Signal
from trainer.data.windows import (
    BatchNumbers,
    ConsecutiveBatches,
    Loader,
    Share,
    TrainingBatches,
    WindowPool,
    consecutive,
)

PLAIN = Augmentation(sign=False)


def ramp(data_set, rate_hz, channels, samples, first=1):
    """Signal whose samples are all different and say where they stand."""
    numbers = np.arange(first, first + channels * samples, dtype=np.float32)
    return Signal(data_set, "S1", rate_hz, numbers.reshape(channels, samples))


def batches(signals, shares=None, patch=16, size=32, seed=4, augmentation=PLAIN, model_rate_hz=256.0):
    return TrainingBatches(signals, shares or {}, patch, size, seed, augmentation, model_rate_hz)


def test_every_window_lies_within_one_channel_and_each_is_as_likely():
    """Windows never cross from one row to the next; first and last ones are drawn too."""
    pool = WindowPool([ramp("a", 256.0, 2, 10), ramp("a", 256.0, 1, 7, first=101)], patch=4, step=1)
    windows = pool.cut(np.random.default_rng(0).integers(len(pool), size=30_000))
    assert (np.diff(windows, axis=1) == 1).all()
    firsts, counts = np.unique(windows[:, 0], return_counts=True)
    assert firsts.tolist() == [*range(1, 8), *range(11, 18), *range(101, 105)]
    assert counts.min() > 0.9 * 30_000 / 18


def test_without_crop_windows_begin_where_validation_would_cut():
    """Their starts are multiples of the patch."""
    signals = [ramp("a", 256.0, 2, 35)]
    patches, _ = batches(signals, size=200, augmentation=Augmentation(sign=False, crop=False))[0]
    assert set(patches[:, 0].tolist()) == {1.0, 17.0, 36.0, 52.0}


def test_a_batch_is_a_function_of_seed_and_number():
    """So that a run can be repeated, and resumed anywhere."""
    signals = [ramp("a", 256.0, 3, 100), ramp("b", 500.0, 2, 100)]
    one, two = batches(signals), batches(signals)
    other = batches(signals, seed=5)
    assert torch.equal(one[7][0], two[7][0])
    assert torch.equal(one[7][1], two[7][1])
    assert not torch.equal(one[7][0], one[8][0])
    assert not torch.equal(one[7][0], other[7][0])


def test_shares_and_rates():
    """Sets are drawn by their shares, rates within a set alike, and the rate goes with its patch."""
    signals = [ramp("a", 128.0, 1, 50), ramp("a", 256.0, 1, 900), ramp("b", 512.0, 1, 50), ramp("b", 512.0, 1, 3)]
    patches, rates_hz = batches(signals, {"a": 3.0}, size=8000)[0]
    assert patches.shape == (8000, 16)
    assert rates_hz.shape == (8000, 1)
    share = {rate: float((rates_hz == rate).float().mean()) for rate in (128.0, 256.0, 512.0)}
    assert abs(share[512.0] - 0.25) < 0.02
    assert abs(share[128.0] - share[256.0]) < 0.03


@given(processes=st.integers(1, 7), size=st.integers(1, 40))
def test_processes_together_see_what_one_alone_would_see(processes, size):
    """Every row of a batch goes to exactly one of them, in training and in validation."""
    signals = [ramp("a", 256.0, 3, 100), ramp("b", 500.0, 2, 77)]
    for make in (
        lambda: batches(signals, size=size, augmentation=Augmentation(gain_db=6, mains_uv=5)),
        lambda: ConsecutiveBatches(signals, 16, size),
    ):
        whole = make()[0]
        parts = []
        for rank in range(processes):
            part = make()
            part.share = Share(rank, processes)
            parts.append(part[0])
        for position in (0, 1):
            joined = torch.empty_like(whole[position])
            for rank, part in enumerate(parts):
                joined[rank::processes] = part[position]
            assert torch.equal(joined, whole[position])


@given(patch=st.integers(1, 20), size=st.integers(1, 50))
def test_consecutive_batches_hold_every_patch_once(patch, size):
    """In order, tails left out, whatever the size of a batch."""
    signals = [ramp("a", 256.0, 2, 41), ramp("b", 100.0, 1, 7, first=200), ramp("a", 128.0, 1, 23, first=300)]
    expected = [
        row[start : start + patch]
        for signal in sorted(signals, key=lambda s: (s.data_set, s.rate_hz))
        for row in signal.samples_uv
        for start in range(0, len(row) - patch + 1, patch)
    ]
    made = ConsecutiveBatches(signals, patch, size)
    patches = torch.cat([made[number][0] for number in range(len(made))])
    assert made.patches == len(expected)
    np.testing.assert_array_equal(patches.numpy(), np.array(expected).reshape(-1, patch))


@pytest.mark.parametrize(("goes_on", "expected"), [(True, [*range(9)]), (False, [0, 1, 2] * 3)])
def test_training_epochs_go_on_where_the_last_one_ended(goes_on, expected):
    """No training batch is seen twice; validation is the same every time."""
    numbers = BatchNumbers(3, goes_on=goes_on)
    seen = []
    for epoch in range(3):
        numbers.set_epoch(epoch)
        seen += list(numbers)
    assert seen == expected
    assert len(numbers) == 3


@pytest.mark.parametrize("taken", range(6))
def test_a_loader_goes_on_in_the_middle_of_an_epoch(taken):
    """Behind the batches that were taken; with the whole next epoch after the last."""
    made = batches([ramp("a", 256.0, 1, 500)])
    before, after = (Loader(made, BatchNumbers(5, goes_on=True)) for _ in range(2))
    iterator = iter(before)
    first = [next(iterator)[0] for _ in range(taken)]
    after.load_state_dict(before.state_dict())
    rest = [patches for patches, _ in after]
    expected = [made[number][0] for number in (*range(taken), *range(taken % 5, 5))]
    assert all(torch.equal(a, b) for a, b in zip(first + rest, expected, strict=True))


def test_a_loader_that_is_left_early_leaves_no_thread():
    """Nor does it hang."""
    before = threading.active_count()
    for _ in Loader(batches([ramp("a", 256.0, 1, 500)]), BatchNumbers(50, goes_on=True)):
        break
    assert threading.active_count() == before


def test_patches_for_measuring_follow_each_other():
    """By set and rate, row by row, tails left out; at most so many, evenly spread."""
    signals = [ramp("a", 256.0, 2, 10), ramp("b", 100.0, 1, 3), ramp("a", 256.0, 1, 4, first=50)]
    cut = consecutive(signals, patch=4)
    assert list(cut) == [("a", 256.0)]
    assert cut["a", 256.0][:, 0].tolist() == [1, 5, 11, 15, 50]
    assert consecutive(signals, 4, most=3)["a", 256.0][:, 0].tolist() == [1, 11, 50]
