"""Whose windows are whose, and how they are drawn."""

import numpy as np

from trainer.evaluation.heldout_windows import HeldOutWindows

WHO = np.array(["b", "a", "c", "a", "b", "c", "a", "b", "b"])


def patch_set(x=None, who=WHO, **own):
    given = {"data_set": "rest", "side": "test", "rate_hz": 512.0, "sampled_hz": 256.0, **own}
    return HeldOutWindows(patches_uv=np.ones((len(who), 256), np.float32) if x is None else x, subjects=who, **given)


def test_subjects_are_drawn_whole():
    """All patches of one are one group, wherever they stand."""
    groups = patch_set().groups
    assert groups.dtype == np.int64
    assert groups.tolist() == [1, 0, 2, 0, 1, 2, 0, 1, 1]


def test_one_subject_is_drawn_by_blocks():
    """Of 20 patches that follow each other."""
    groups = patch_set(np.ones((45, 256), np.float32), np.array(["a"] * 45)).groups
    assert groups.tolist() == [0] * 20 + [1] * 20 + [2] * 5


def test_a_set_s_name_tells_its_rate():
    """Without needless digits."""
    assert patch_set().name == "rest 512 Hz"
    assert patch_set(rate_hz=62.5).name == "rest 62.5 Hz"
