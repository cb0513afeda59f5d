"""Anybody's loaders drop in; what is wrong with their batches is said."""

import pytest
import torch

from trainer.data.own import OwnLoaders, as_batch, dummy_loader

PATCHES = torch.zeros(4, 32, dtype=torch.float64)


def test_patches_alone_and_with_rates():
    """Both forms of a batch, in single precision."""
    for batch in (PATCHES, [PATCHES], (PATCHES, torch.full((4, 1), 500))):
        patches, rates_hz = as_batch(batch, 32, needs_rates=False)
        assert patches.dtype == rates_hz.dtype == torch.float32
        assert rates_hz.shape == (4, 1)
    assert rates_hz.unique().tolist() == [500.0]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(4, 31), r"\(4, 31\), expected \[batch_size, 32\]"),
        (torch.zeros(4, 1, 32), r"\(4, 1, 32\)"),
        ("x", "str"),
        ((PATCHES, torch.zeros(4)), r"rates of \(4,\), expected \(4, 1\)"),
        (PATCHES, "no rates"),
    ],
)
def test_what_is_wrong_with_a_batch_is_said(batch, message):
    """What came, and what was expected."""
    with pytest.raises(ValueError, match=message):
        as_batch(batch, 32, needs_rates=True)


def test_validation_loaders_are_measured_by_name_and_rate():
    """Each patch once."""
    loaders = {name: dummy_loader(8, 32, 3, with_rates=True, shuffle=False, seed=n) for n, name in enumerate("ab")}
    data = OwnLoaders(loaders["a"], loaders, 32, 8)
    assert data.validation_sets == ["a", "b"]
    patches = data.patches("val")
    assert sum(len(rows) for (name, _), rows in patches.items() if name == "a") == 24
    assert {rate for _, rate in patches} <= {128.0, 250.0, 256.0, 500.0}
    assert data.patches("test") == {}
