"""Bundles and the engine: what loads, what verifies, and what is refused in one line."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from eegstream.codec import torchscript
from eegstream.codec.bundle import find
from eegstream.codec.engine import CPU_TILE, Engine, choose_device
from eegstream.errors import BundleError, ConfigError
from tests.identity_bundle import Identity, load_own, manifest, write_bundle

CPU = torch.device("cpu")


class Network(torch.nn.Module):
    """A small random network, whose codes would show any dependence on the batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 200), torch.nn.ReLU(), torch.nn.Linear(200, 8))
        self.back = torch.nn.Linear(8, 64)

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return (torch.sigmoid(self.net(patches) * rate_hz / 256) * 65535).to(torch.int32)

    @torch.jit.export
    def decode(self, codes: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return self.back(codes.to(torch.float32) / 65535)

    def forward(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(patches, rate_hz), rate_hz)


@pytest.fixture(scope="module")
def network_engine(tmp_path_factory):
    description = manifest(patch=64) | {"words": [65536] * 8}
    path = write_bundle(tmp_path_factory.mktemp("bundle") / "network-1.pt", description, Network())
    return Engine(load_own(path), CPU)


@pytest.fixture(scope="module")
def identity_path(tmp_path_factory):
    return write_bundle(tmp_path_factory.mktemp("bundle") / "identity-1.pt", manifest())


def test_identity_codes_keep_every_bit(identity_path):
    """The bundle that the other tests stand on loses nothing."""
    engine = Engine(load_own(identity_path), CPU)
    x = np.random.default_rng(3).normal(scale=1e3, size=(130, 64)).astype(np.float32)
    rates = np.full(130, 250, np.float32)
    np.testing.assert_array_equal(engine.decode(engine.encode(x, rates), rates), x)


@pytest.mark.parametrize("size", [0, 1, 2, 63, 64, 65, 200])
def test_company_changes_no_code(network_engine, size):
    """Law 3: a patch's codes are the same alone, at any place of a tile, beside patches of other streams."""
    rng = np.random.default_rng(size)
    x = rng.normal(scale=20, size=(size, 64)).astype(np.float32)
    rates = rng.choice([128, 256, 1000], size=size).astype(np.float32)
    together = network_engine.encode(x, rates)
    assert together.shape == (size, 8)
    for row in range(min(size, 20)):
        np.testing.assert_array_equal(network_engine.encode(x[row : row + 1], rates[row : row + 1])[0], together[row])
    order = rng.permutation(size)
    np.testing.assert_array_equal(network_engine.encode(x[order], rates[order]), together[order])


def test_threads_change_no_code(network_engine):
    """One or two of them, the tile gives the same bits."""
    x = torch.from_numpy(np.random.default_rng(0).normal(scale=20, size=(CPU_TILE, 64)).astype(np.float32))
    rates = torch.full((CPU_TILE, 1), 256.0)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            with torch.inference_mode(), torchscript.without_fusion():
                results.append(network_engine.bundle.module.encode(x, rates))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


_COUNTING = """
import os, sys, threading, time
import numpy as np, torch
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.codec.trust import Trust
torch.set_num_threads(4)
bundle = load(sys.argv[1], trust=Trust(sha256=sys.argv[2]))
before, during = len(os.listdir("/proc/self/task")), []
def compute():
    engine = Engine(bundle, choose_device("cpu"))
    engine.encode(np.ones((256, 64), np.float32), np.ones(256, np.float32))
    during.append(len(os.listdir("/proc/self/task")) - 1)
for thread in (threading.Thread(target=compute), threading.Thread(target=compute)):
    thread.start()
    thread.join()
    until_s = time.monotonic() + 10
    while len(os.listdir("/proc/self/task")) > before and time.monotonic() < until_s:
        time.sleep(0.01)  # the system forgets a thread later than Python
assert during == [before, before], (before, during)
assert torch.get_num_threads() == 4
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_whichever_thread_computes_computes_alone(tmp_path):
    """PyTorch's own threads spin: on a busy machine a tile took 30 times its time. None of them is started."""
    description = manifest(patch=64) | {"words": [65536] * 8}
    path = write_bundle(tmp_path / "network-1.pt", description, Network())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    program = [sys.executable, "-c", _COUNTING, str(path), digest]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr


def test_encoding_leaves_its_input_alone(network_engine):
    """Also a read-only or a strided one is taken."""
    x = np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)
    x.setflags(write=False)
    rates = np.full(10, 256, np.float32)
    np.testing.assert_array_equal(network_engine.encode(np.asfortranarray(x), rates), network_engine.encode(x, rates))


def test_wrong_golden_codes_do_not_verify(tmp_path):
    """A bundle that this machine cannot reproduce is refused before it encodes anything."""
    wrong = np.zeros((1024, 192), np.int32)
    path = write_bundle(tmp_path / "identity-1.pt", manifest(), codes=wrong)
    with pytest.raises(BundleError, match=r"reproduces .* of its golden codes on cpu, expected 99.9%"):
        Engine(load_own(path), CPU)


def test_a_wrong_golden_decode_does_not_verify(tmp_path):
    """Codes alone are not enough."""
    path = write_bundle(tmp_path / "identity-1.pt", manifest(), decoded=np.ones((1024, 64), np.float32))
    with pytest.raises(BundleError, match="decodes its golden codes with an error of"):
        Engine(load_own(path), CPU)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"hop": 65}, "hop 65 is longer than patch 64"),
        ({"words": [70000]}, "words.0: Input should be less than or equal to 65536"),
        ({"patch": None}, "patch: Input should be a valid integer"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"decodes": ["spectrum"]}, 'lacks "mse"'),
    ],
)
def test_a_malformed_manifest_is_named(tmp_path, change, message):
    """The line says which key, and what it should be."""
    good = manifest()
    path = tmp_path / "identity-1.pt"
    write_bundle(path, good)
    rewrite(path, good | change)
    with pytest.raises(BundleError, match=message):
        load_own(path)


def rewrite(path, description):
    """Replace the manifest, and keep the golden vectors of the file."""
    module, extra = torchscript.load(path, ("golden.npz",))
    torchscript.save(
        module, path, {"manifest.json": json.dumps(description).encode(), "golden.npz": extra["golden.npz"]}
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"patches": np.zeros((1024, 60), np.float32)}, r"golden patches is float32 \(1024, 60\), expected"),
        ({"codes": np.full((1024, 192), 70000, np.int32)}, "golden codes lie outside their words"),
        ({"rate_hz": np.zeros((1024, 1))}, "golden rate_hz is float64"),
    ],
)
def test_golden_vectors_must_fit(tmp_path, arrays, message):
    """Shapes, types and ranges."""
    path = write_bundle(tmp_path / "identity-1.pt", manifest(), **arrays)
    with pytest.raises(BundleError, match=message):
        load_own(path)


@pytest.mark.parametrize("content", [b"", b"not a bundle", b"PK\x03\x04 half a zip"])
def test_other_files_are_no_bundles(tmp_path, content):
    """Whatever torch says of them becomes one line."""
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.pt is not a TorchScript bundle") as caught:
        load_own(path)
    assert "\n" not in str(caught.value)


def test_a_module_without_encode_is_no_bundle(tmp_path):
    """The missing method is named."""

    class Nothing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    good = write_bundle(tmp_path / "identity-1.pt", manifest())
    _, extra = torchscript.load(good, ("manifest.json", "golden.npz"))
    torchscript.save(torchscript.script(Nothing()), good, extra)
    with pytest.raises(BundleError, match="lacks the method encode"):
        load_own(good)


@pytest.mark.parametrize("reference", ["nonsense", "default@99", "/nowhere/model.pt"])
def test_unknown_bundles_are_refused_by_name(reference):
    """And the known ones are told."""
    with pytest.raises(BundleError, match=r"shipped: |no bundle at"):
        find(reference)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", ""])
def test_unknown_devices_are_refused(name):
    """The message tells what can be given."""
    with pytest.raises(ConfigError, match="Give auto, cpu, cuda or cuda:N"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_missing_cuda_device_is_said():
    """There is no silent way back to the CPU."""
    with pytest.raises(ConfigError, match="torch sees no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto") == CPU


def test_a_decode_that_is_not_there_is_refused(identity_path):
    """The offered ones are named."""
    engine = Engine(load_own(identity_path), CPU)
    with pytest.raises(ConfigError, match=r"no decode 'spectrum'\. It offers mse"):
        engine.decode(np.zeros((1, 192), np.int32), np.ones(1, np.float32), "spectrum")


def test_the_identity_module_is_scripted_as_it_is():
    """Eager and scripted agree, so a golden vector made eagerly is fair."""
    x, rate = torch.randn(64, 64), torch.ones(64, 1)
    eager = Identity()
    assert torch.equal(torchscript.script(eager).encode(x, rate), eager.encode(x, rate))


class Prefixed(Network):
    """Decodes what it knows of the codes; or, at `flaw` known ones, nonsense."""

    def __init__(self, flaw: int) -> None:
        super().__init__()
        self.flaw = flaw

    @torch.jit.export
    def decode(self, codes: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        known = (codes >= 0).sum(1, keepdim=True)
        return self.back(codes.clamp_min(0).to(torch.float32) / 65535) / (known - self.flaw).to(torch.float32)


@pytest.mark.parametrize("flaw", [0, 1, 5, 7])
def test_a_prefix_that_does_not_decode_does_not_verify(tmp_path, flaw):
    """Each number of known codes is tried, the unknown ones being -1, where the manifest promises prefixes."""
    description = manifest(patch=64) | {"words": [65536] * 8, "prefix": True}
    path = write_bundle(tmp_path / "prefixed-1.pt", description, Prefixed(flaw))
    if flaw == 0:
        assert Engine(load_own(path), CPU).report.agreement == 1.0
        return
    with pytest.raises(BundleError, match="prefix"):
        Engine(load_own(path), CPU)
