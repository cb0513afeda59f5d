"""The shipped bundles are what their recipes say."""

import numpy as np
import pytest

from eegstream.codec import bundle
from eegstream.codec.engine import Engine, choose_device

TRAINED_ON = {
    "eegmat": {f"{n:02}" for n in range(14)},
    "muse": {
        *map(str, (103, 104, 106, 111, 112, 203, 208, 301, 302, 306, 307, 309, 1102, 1105, 1209, 1211, 1301, 1403))
    },
}
FACTS = {
    "seed@1": {"words": (64000,), "model_rate_hz": None, "val": {"eegmat 500 Hz": 0.75, "muse 256 Hz": 0.85}},
    "default@1": {"words": (65536,) * 8, "model_rate_hz": 256.0, "val": {"eegmat 500 Hz": 0.30, "muse 256 Hz": 0.63}},
}


@pytest.fixture(scope="module", params=FACTS)
def engine(request):
    return Engine(bundle.load(request.param), choose_device("cpu"))


def test_manifest(engine):
    """Words, signal path, training subjects, and figures not worse than they were."""
    manifest, facts = engine.bundle.manifest, FACTS[engine.bundle.title]
    assert manifest.words == facts["words"]
    assert (manifest.patch, manifest.hop, manifest.prefix, manifest.decodes) == (256, 256, False, ("mse",))
    assert manifest.frontend.model_rate_hz == facts["model_rate_hz"]
    assert (manifest.frontend.highpass_hz, manifest.frontend.notch_hz) == (0.5, None)
    assert {name: set(people) for name, people in manifest.training["subjects"].items()} == TRAINED_ON
    for name, limit in facts["val"].items():
        assert manifest.metrics[name]["nrmse"] < limit
    for owner in ("Zyma", "Barachant"):
        assert owner in manifest.card


def test_extreme_patches(engine):
    """Any finite patch has a code; a flat one decodes to about nothing."""
    patches = np.zeros((6, 256), np.float32)
    patches[1], patches[2], patches[3], patches[4, 9], patches[5, ::2] = 1e30, 1e-42, -3e38, 3e38, 1e5
    rates = np.full(6, 250.0, np.float32)
    codes = engine.encode(patches, rates)
    assert (codes >= 0).all()
    assert (codes < np.array(engine.bundle.manifest.words)).all()
    decoded = engine.decode(codes, rates)
    assert np.isfinite(decoded).all()
    assert np.sqrt((decoded[0] ** 2).mean()) < 2.0
