"""The shipped bundles are what their recipes say."""

import math

import numpy as np
import pytest

from eegstream.codec import bundle
from eegstream.codec.engine import CPU_TILE, Engine, choose_device
from tests.shipped import NEWEST

TRAINED_ON = {
    "eegmat": {f"{n:02}" for n in range(14)},
    "muse": {
        *map(str, (103, 104, 106, 111, 112, 203, 208, 301, 302, 306, 307, 309, 1102, 1105, 1209, 1211, 1301, 1403))
    },
}
BITS = {
    "default@2": 128,
    "compact@1": 128,
    "fast@2": 40,
    "hifi@2": 256,
    "lite@2": 64,
    "micro@1": 32,
    "seed@3": 16,
    "tokens@1": 128,
}
"""Of a patch, at most."""
TARGETS = {
    "default@2": {"eegmat 500 Hz": 0.250, "muse 256 Hz": 0.535, "eegmmidb 160 Hz": 0.305},
    "compact@1": {"eegmat 500 Hz": 0.248, "muse 256 Hz": 0.535, "eegmmidb 160 Hz": 0.302},
    "hifi@2": {"eegmat 500 Hz": 0.110, "muse 256 Hz": 0.365, "eegmmidb 160 Hz": 0.180},
    "lite@2": {"eegmat 500 Hz": 0.435, "muse 256 Hz": 0.685, "eegmmidb 160 Hz": 0.465},
    "fast@2": {"eegmat 500 Hz": 0.250, "muse 256 Hz": 0.535, "eegmmidb 160 Hz": 0.305},
    "micro@1": {"eegmat 500 Hz": 0.590, "muse 256 Hz": 0.765, "eegmmidb 160 Hz": 0.597},
    "seed@3": {"eegmat 500 Hz": 0.690, "eegmat 256 Hz": 0.784, "muse 256 Hz": 0.845, "eegmmidb 160 Hz": 0.829},
    "tokens@1": {"eegmat 500 Hz": 0.290, "muse 256 Hz": 0.610, "eegmmidb 160 Hz": 0.335},
}
"""NRMSE that a bundle stays below."""
MOST_BYTES = 4_000_000


@pytest.fixture(scope="module", params=NEWEST, ids=lambda path: path.stem)
def engine(request):
    return Engine(bundle.load(str(request.param)), choose_device("cpu"))


def rows(engine, count, seed=0):
    """Made-up patches of different loudness, and rates."""
    rng = np.random.default_rng(seed)
    shape = (count, engine.bundle.manifest.patch)
    x = rng.standard_normal(shape).cumsum(axis=1) * rng.uniform(0.1, 20, (count, 1))
    return (x - x.mean(axis=1, keepdims=True)).astype(np.float32), rng.choice([128, 250, 500], count).astype(np.float32)


def test_manifest(engine):
    """Bits, signal path, training subjects, owners, and a licence."""
    manifest = engine.bundle.manifest
    assert sum(map(math.log2, manifest.words)) <= BITS[engine.bundle.title]
    assert max(manifest.words) <= 65536
    assert (manifest.frontend.highpass_hz, manifest.frontend.notch_hz) == (0.5, None)
    assert manifest.frontend.model_rate_hz == (None if manifest.name == "seed" else 256)
    assert {name: set(people) for name, people in manifest.training["subjects"].items()} == TRAINED_ON
    for owner in ("Zyma", "Barachant"):
        assert owner in manifest.card
    assert "no medical device" in manifest.card
    assert engine.bundle.path.stat().st_size < MOST_BYTES


def test_figures(engine):
    """Not worse than they were, and better than transform coding with a gain wherever that is promised."""
    metrics = engine.bundle.manifest.metrics
    for name, limit in TARGETS[engine.bundle.title].items():
        assert metrics[name]["nrmse"] < limit
        assert metrics[name]["nrmse"] < metrics[name]["nrmse_of_klt"]
        if engine.bundle.manifest.name != "seed":
            share = 0.97 if engine.bundle.manifest.name == "tokens" else 0.95
            assert metrics[name]["nrmse"] < share * metrics[name]["nrmse_of_klt_gain"]


def test_golden_vectors_come_back_to_the_bit(engine):
    """On the machine class that they were made on; another one may differ in one of a thousand."""
    assert engine.report.agreement >= 0.999
    assert len(engine.bundle.golden.patches) >= 1024


@pytest.mark.parametrize("path", sorted(set(bundle.shipped()) - set(NEWEST)), ids=lambda path: path.stem)
def test_superseded_bundles_keep_their_codes(path):
    """By path, as long as they are in the repository; each is the file that its digest says."""
    old = Engine(bundle.load(str(path)), choose_device("cpu"))
    assert old.report.agreement >= 0.999
    assert old.bundle.standing.why == "shipped"


def test_company_changes_no_code(engine):
    """A patch has its codes wherever it stands and whatever stands beside it."""
    x, rates = rows(engine, 2 * CPU_TILE + 5)
    together = engine.encode(x, rates)
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_array_equal(engine.encode(x[order], rates[order]), together[order])
    for row in (0, CPU_TILE - 1, len(x) - 1):
        np.testing.assert_array_equal(engine.encode(x[row : row + 1], rates[row : row + 1])[0], together[row])


def test_a_prefix_decodes(engine):
    """Each code more makes made-up patches no worse, on the whole; nothing known is silence."""
    manifest = engine.bundle.manifest
    if not manifest.prefix:
        pytest.skip("this bundle's codes are decoded as a whole")
    x, rates = rows(engine, 4 * CPU_TILE)
    codes = engine.encode(x, rates)
    errors = []
    for kept in range(codes.shape[1] + 1):
        cut = np.where(np.arange(codes.shape[1]) < kept, codes, np.int32(-1))
        errors.append(float(((engine.decode(cut, rates) - x) ** 2).sum() / (x**2).sum()))
        assert np.isfinite(engine.decode(cut, rates, "spectrum")).all()
    assert errors[0] == 1.0
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.3


def test_extreme_patches(engine):
    """Any finite patch has a code; a flat one decodes to about nothing."""
    patches = np.zeros((6, engine.bundle.manifest.patch), np.float32)
    patches[1], patches[2], patches[3], patches[4, 9], patches[5, ::2] = 1e30, 1e-42, -3e38, 3e38, 1e5
    rates = np.full(6, 250.0, np.float32)
    codes = engine.encode(patches, rates)
    assert (codes >= 0).all()
    assert (codes < np.array(engine.bundle.manifest.words)).all()
    for kind in engine.bundle.manifest.decodes:
        decoded = engine.decode(codes, rates, kind)
        assert np.isfinite(decoded).all()
        assert np.sqrt((decoded[0] ** 2).mean()) < 2.0
