"""The CUDA path, where a device is."""

import numpy as np
import pytest
import torch

from eegstream.codec.bundle import load, shipped
from eegstream.codec.engine import CUDA_TILE, Engine, choose_device

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_shipped_bundles_verify(path):
    """At least 99.9 % of the golden codes, and the decode within 1e-3."""
    device = choose_device("cuda")
    assert Engine(load(str(path), device), device).report.agreement >= 0.999


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_company_changes_no_code(path):
    """Law 3 on CUDA: fixed tiles, so a patch alone has the codes that it has among others."""
    device = choose_device("cuda:0")
    engine = Engine(load(str(path), device), device)
    rng = np.random.default_rng(0)
    rows = CUDA_TILE + 5
    x = rng.normal(scale=20, size=(rows, engine.bundle.manifest.patch)).astype(np.float32)
    rates = rng.choice([128, 256, 1000], size=rows).astype(np.float32)
    together = engine.encode(x, rates)
    order = rng.permutation(rows)
    np.testing.assert_array_equal(engine.encode(x[order], rates[order]), together[order])
    for row in (0, 1, CUDA_TILE - 1, CUDA_TILE):
        np.testing.assert_array_equal(engine.encode(x[row : row + 1], rates[row : row + 1])[0], together[row])


def test_auto_takes_the_first_device():
    """`auto` means CUDA where it is."""
    assert choose_device("auto") == torch.device("cuda:0")
