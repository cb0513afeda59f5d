"""The search in C gives the codes of TorchScript, or it is not used."""

import dataclasses
import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eegstream.codec import torchscript
from eegstream.codec.bundle import load
from eegstream.codec.compiled_search import CLASSIFIED, CompiledSearch, UnsuitedError
from eegstream.codec.engine import CPU_TILE, Engine, choose_device
from eegstream.codec.seen import look
from eegstream.kernels import compiled, why_missing
from tests.shipped import NEWEST

CPU = choose_device("cpu")
SEARCHED = [path for path in NEWEST if look(str(path)).manifest.model["class"] == CLASSIFIED]
with_kernels = pytest.mark.skipif(compiled is None, reason=f"the kernels in C were not built: {why_missing}")


@pytest.fixture(scope="module", params=SEARCHED, ids=lambda path: path.stem)
def bundle(request):
    return load(str(request.param))


def codes(encode, patches):
    """Codes of patches (B, N), in tiles; both encoders get the same ones."""
    rows = -(-len(patches) // CPU_TILE) * CPU_TILE
    x = np.zeros((rows, patches.shape[1]), np.float32)
    x[: len(patches)] = patches
    rates = torch.full((CPU_TILE, 1), 256.0)
    with torch.inference_mode(), torchscript.without_fusion():
        parts = [encode(torch.from_numpy(x[i : i + CPU_TILE]), rates).numpy() for i in range(0, rows, CPU_TILE)]
    return np.concatenate(parts)[: len(patches)]


def odd_patches(width, seed):
    """Noise and walks from 1 nV to 1 V, silence, single values, samples beyond every limit and no numbers."""
    rng = np.random.default_rng(seed)
    loudness = 10 ** rng.uniform(-3, 6, (256, 1))
    noise, walk = rng.normal(size=(256, width)), rng.normal(size=(256, width)).cumsum(axis=1)
    odd = np.zeros((64, width))
    odd[1], odd[2], odd[3], odd[4], odd[5] = 1e30, -1e30, np.inf, np.nan, 1e-30
    odd[6:, 3] = 10.0 ** np.arange(-29, 29)
    return np.concatenate((noise * loudness, walk * loudness, odd)).astype(np.float32)


@with_kernels
@pytest.mark.parametrize("seed", range(4))
def test_codes_are_those_of_torchscript(bundle, seed):
    """Of every shipped classified bundle, for signals of all sizes."""
    patches = odd_patches(bundle.manifest.patch, seed)
    expected = codes(bundle.module.encode, patches)
    np.testing.assert_array_equal(codes(CompiledSearch(bundle, compiled), patches), expected)


@with_kernels
@given(data=st.data())
@settings(deadline=None, max_examples=30, derandomize=True)
def test_codes_of_any_numbers_are_those_of_torchscript(bundle, data):
    """Whatever float32 a patch holds."""
    shape = (3, bundle.manifest.patch)
    patches = data.draw(arrays.arrays(np.float32, shape, elements=st.floats(width=32)))
    expected = codes(bundle.module.encode, patches)
    np.testing.assert_array_equal(codes(CompiledSearch(bundle, compiled), patches), expected)


def test_bundles_are_there_to_be_tried():
    """At least these are classified ones."""
    assert {path.stem.partition("-")[0] for path in SEARCHED} >= {"compact", "default", "fast", "hifi", "lite"}


@with_kernels
def test_the_engine_takes_it_where_it_can(bundle):
    """And says so; without the kernels it takes TorchScript, says why, and gives the same codes."""
    fast, slow = Engine(bundle, CPU), Engine(bundle, CPU, kernels=None)
    assert fast.encoded_by == "the search in C"
    assert slow.encoded_by == "TorchScript (the kernels in C were not built)"
    patches = odd_patches(bundle.manifest.patch, 9)
    rates = np.full(len(patches), 256, np.float32)
    np.testing.assert_array_equal(fast.encode(patches, rates), slow.encode(patches, rates))


@pytest.mark.parametrize("path", [path for path in NEWEST if path not in SEARCHED], ids=lambda path: path.stem)
def test_other_codecs_keep_their_torchscript(path):
    """They have no trellis."""
    assert Engine(load(str(path)), CPU).encoded_by == "TorchScript (the search in C is for classified codecs)"


class WrongKernels:
    """Kernels with a flaw in the search."""

    def __init__(self, flaw: int) -> None:
        self._flaw = flaw

    def resample(self, *given):
        raise AssertionError

    def search(self, sizes, tables, given, found):
        compiled.search(sizes, tables, given, found)
        found[5, 1] += self._flaw


@with_kernels
@pytest.mark.parametrize("flaw", [-1, 1, 1 << 20])
def test_kernels_that_give_other_codes_are_not_used(flaw, caplog):
    """One code in 64 patches is enough; the log says it once."""
    bundle = load("fast")
    with caplog.at_level(logging.WARNING):
        engine = Engine(bundle, CPU, kernels=WrongKernels(flaw))
    assert engine.encoded_by == "TorchScript (the search in C gives other codes)"
    assert [record.getMessage() for record in caplog.records] == [
        "fast@2: the search in C gives other codes than TorchScript, which is used now"
    ]
    np.testing.assert_array_equal(
        engine.encode(bundle.golden.patches, bundle.golden.rate_hz[:, 0]), bundle.golden.codes
    )


FLAWS = {
    "coefficient": lambda m: m.coefficient.fill_(200),
    "a scale of 0": lambda m: m.scale.data[3].fill_(0.0),
    "a scale that is no number": lambda m: m.scale.data[3].fill_(float("nan")),
    "middle": lambda m: m.middle.fill_(3400),
    "a negative middle": lambda m: m.middle.fill_(-1),
    "size": lambda m: m.size.fill_(9),
    "no size": lambda m: m.size.fill_(0),
    "nearest": lambda m: m.trellis.nearest.fill_(1e30),
    "rate": lambda m: m.rate.fill_(7),
    "word": lambda m: m.word.fill_(4),
    "shift": lambda m: m.shift.fill_(40),
    "subset": lambda m: m.trellis.subset_of.fill_(4),
    "path value": lambda m: m.trellis.path_value.fill_(1 << 40),
    "a constant": lambda m: setattr(m.trellis, "per_unit", 16.0),
    "more lanes than there is room for": lambda m: setattr(m, "lanes", 65),
    "fewer steps": lambda m: setattr(m, "steps", 5),
    "more classes": lambda m: setattr(m, "n_classes", 129),
    "no candidates": lambda m: setattr(m, "candidates", 0),
}


@with_kernels
@pytest.mark.parametrize("flaw", FLAWS)
def test_tables_that_lead_astray_are_not_searched_in_c(flaw):
    """A number in a table could name a place beyond another one; C would not notice."""
    bundle = load("fast")
    with torch.no_grad():
        FLAWS[flaw](bundle.module)
    with pytest.raises(UnsuitedError):
        CompiledSearch(bundle, compiled)


@with_kernels
def test_a_bundle_that_only_claims_to_be_classified_is_not_searched_in_c():
    """Its manifest says so, its module is another."""
    claims = dataclasses.replace(load("seed"), manifest=load("fast").manifest)
    with pytest.raises(UnsuitedError, match="its tables or methods are others"):
        CompiledSearch(claims, compiled)
