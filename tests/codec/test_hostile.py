"""What a bundle from anywhere may do: nothing, before it is trusted; and afterwards nothing but arithmetic."""

import io
import os
import pickle
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from eegstream.codec import bundle, trial
from eegstream.codec.archive import Archive
from eegstream.codec.bundle import load, load_bytes
from eegstream.codec.engine import Engine
from eegstream.codec.operators import ATEN, is_allowed
from eegstream.codec.source_check import require_harmless
from eegstream.codec.trust import Standing, Trust
from eegstream.errors import BundleError, CodesError
from tests.codec import hostile
from tests.codec.hostile import hostile_bundle, rewritten
from tests.identity_bundle import digest, manifest, write_bundle

CPU = torch.device("cpu")
UNSIGNED = Standing("unsigned")
FORBIDDEN = {
    "Reads": (hostile.Reads, "aten::from_file"),
    "Prints": (hostile.Prints, r"print|prim::Print"),
    "Throws": (hostile.Throws, "aten::rand_like"),
}


def load_content(content: bytes, name: str = "model.pt") -> bundle.Bundle:
    """Past the trust and the trial, so that what follows them is tested."""
    return load_bytes(content, Path(name), "0" * 64, UNSIGNED)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return write_bundle(tmp_path_factory.mktemp("honest") / "identity-1.pt", manifest())


@pytest.mark.parametrize("consent", ["none", "pin", "unsigned"])
def test_a_model_that_writes_a_file_never_gets_to_it(tmp_path, consent):
    """Neither untrusted, nor by consent, nor even with its own digest pinned."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = hostile_bundle(tmp_path / "model.pt", hostile.Saves(str(victim)))
    trust = {"none": Trust(), "pin": Trust(sha256=digest(path)), "unsigned": Trust(allow_unsigned=True)}[consent]
    with pytest.raises(BundleError, match="neither shipped" if consent == "none" else "operator aten::save"):
        Engine(load(str(path), trust=trust), CPU)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", FORBIDDEN)
def test_an_operator_that_is_not_arithmetic_is_refused_by_name(tmp_path, name, monkeypatch):
    """In its sources, before PyTorch sees them; and again in what PyTorch made of them."""
    module, operator = FORBIDDEN[name]
    content = hostile_bundle(tmp_path / "model.pt", module()).read_bytes()
    with pytest.raises(BundleError, match=f"its code uses .*({operator})"):
        load_content(content)
    monkeypatch.setattr(bundle, "require_harmless", lambda *_: None)
    with pytest.raises(BundleError, match=f"its method encode uses the operator .*({operator})"):
        load_content(content)


def test_no_code_runs_while_a_model_is_loaded(tmp_path):
    """PyTorch would run `__setstate__` before any graph can be looked at."""
    path = hostile_bundle(tmp_path / "model.pt", hostile.RunsWhenLoaded())
    with pytest.raises(BundleError, match=r"has the method __[gs]etstate__"):
        load_content(path.read_bytes())


MODEL = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
ENCODE = MODEL + "  def encode(self: __torch__.M,\n    x: Tensor) -> Tensor:\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (ENCODE + "    _0 = torch.save(x, 'f')\n    return x\n", "operator aten::save"),
        (ENCODE + "    _0 = ops.aten.save(x, 'f')\n    return x\n", "operator aten::save"),
        (ENCODE + "    _0 = ops.prim.Print(x)\n    return x\n", "operator prim::Print"),
        (ENCODE + "    _0 = ops.c10d.send(x)\n    return x\n", "operator c10d::send"),
        (ENCODE + "    _0 = (x).save('f')\n    return x\n", "method or attribute save"),
        (ENCODE + "    _0 = getattr(x, 'save')\n    return x\n", "getattr"),
        (ENCODE + "    t = torch\n    return t.save(x, 'f')\n", "torch as a value"),
        (ENCODE + "    torch = x\n    return x\n", "gives torch another meaning"),
        (ENCODE + "    print(x)\n    return x\n", "uses print"),
        (ENCODE + "    _0 = fork(x)\n    return x\n", "uses fork"),
        (ENCODE + "    _0 = __torch__.torch.classes.quantized.P(x)\n    return x\n", "built-in class"),
        (ENCODE + "    _0 = lambda: x\n    return x\n", "Lambda"),
        (ENCODE + "    import os\n    return x\n", "Import"),
        (MODEL + "  def __setstate__(self: __torch__.M, x: Tensor) -> NoneType:\n    return None\n", "__setstate__"),
        (MODEL + "  def __lt__(self: __torch__.M, x: Any) -> bool:\n    return True\n", "__lt__"),
        (MODEL + "  def f(self: __torch__.M, x: int=torch.save(1, 'f')) -> int:\n    return x\n", "while it is loaded"),
        (MODEL + "  a : Final[int] = torch.save(1, 'f')\n", "while it is loaded"),
        (
            "class G:\n  def f(self: __torch__.G) -> int:\n    return 1\n"
            "  def __enter__(self: __torch__.G) -> NoneType:\n    _0 = (self).f()\n    return None\n",
            "in __enter__",
        ),
        ("torch.save(1, 'f')\n", "outside functions and classes"),
        (ENCODE + "    return x # \xe9\n", "printable ASCII"),
        (ENCODE + "    return \\\n x\n", "joined lines"),
        ("def f(:\n", "cannot be parsed"),
        ("(" * 5000, "cannot be parsed"),
    ],
)
def test_sources_are_plain(source, said):
    """Each construct that could reach something else than an allowed operator is refused, and named."""
    with pytest.raises(BundleError, match=said):
        require_harmless({"code/__torch__.py": source.encode("latin-1")}, "model.pt")


def test_what_the_program_needs_is_no_operator_of_a_model():
    """The list holds operators that exist, and none that reaches beyond tensors."""
    known = {schema.name for schema in torch._C._jit_get_all_schemas()}
    assert {f"aten::{name}" for name in ATEN} <= known
    for name in ("save", "from_file", "set_", "set_data", "resize_", "as_strided", "warn", "rand", "manual_seed"):
        assert not is_allowed("aten", name)
    for name in ("Print", "PythonOp", "fork", "rpc_async", "CallMethod", "CallFunction", "awaitable"):
        assert not is_allowed("prim", name)


def test_a_trial_ends_what_takes_too_much(tmp_path, monkeypatch):
    """Memory and time of the process that tries a bundle out are limited; this one goes on."""
    path = hostile_bundle(tmp_path / "model.pt", hostile.Greedy())
    with pytest.raises(BundleError, match=r"does not run|ended the process"):
        trial.try_out(path.read_bytes(), path.name)
    path = hostile_bundle(tmp_path / "model.pt", hostile.Endless())
    monkeypatch.setattr(trial, "MOST_SECONDS", 8)
    with pytest.raises(BundleError, match="did not verify within 8 s"):
        trial.try_out(path.read_bytes(), path.name)


def test_a_trial_can_open_and_write_nothing(tmp_path):
    """Even if an operator slipped through: no file can be opened, and none grows."""
    pytest.importorskip("resource")
    program = (
        "import os\nfrom eegstream.codec.trial_process import _limit\n"
        f"kept = open({str(tmp_path / 'kept')!r}, 'wb')\n_limit(0)\n"
        "for attempt in (lambda: open('/dev/null'), lambda: os.pipe(), lambda: os.write(kept.fileno(), b'x')):\n"
        "    try:\n        attempt()\n    except OSError:\n        continue\n    raise SystemExit('it could')\n"
    )
    quiet = f"import signal; signal.signal({int(signal.SIGXFSZ)}, signal.SIG_IGN)\n"
    done = subprocess.run([sys.executable, "-c", quiet + program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "kept").read_bytes() == b""


def test_a_bomb_is_refused_before_it_is_unpacked(honest):
    """200 MB of zeros in 200 kB: what it would take is in the archive's directory."""

    def change(name, content):
        return bytes(200_000_000) if name == "constants.pkl" else content

    bomb = rewritten(honest, change, packed=True)
    assert len(bomb) < 3_000_000
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="unpacks to more than 100 times its size"):
            Archive.read(bomb, "model.pt")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "limit"), [("extra/manifest.json", "1 MiB"), ("data.pkl", "16 MiB")])
def test_parts_have_limits_of_their_own(honest, name, limit):
    """Also those that are not packed."""
    large = rewritten(honest, lambda entry, content: bytes(17 * 1024**2) if entry == name else content)
    with pytest.raises(BundleError, match=f"{name} has more than {limit}"):
        load_content(large)


def test_a_golden_shape_allocates_nothing_that_is_not_there(honest):
    """A header may say a terabyte."""

    def change(name, content):
        if name != "extra/golden.npz":
            return content
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
            for entry in old.namelist():
                header, data = old.read(entry)[:128], old.read(entry)[128:]
                large = header.replace(b"(1024, ", b"(1000000000000, ").rstrip()[:127].ljust(127) + b"\n"
                new.writestr(entry, large + data)
        return made.getvalue()

    with pytest.raises(BundleError, match="golden patches has 262144 bytes, which is not its shape"):
        load_content(rewritten(honest, change))


class _Linear(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(8, 8))

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return (patches @ self.weight).to(torch.int32)

    def forward(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return patches


def test_a_tensor_lies_within_its_record(tmp_path):
    """PyTorch would read whatever is behind the record."""
    path = hostile_bundle(tmp_path / "model.pt", _Linear())

    def change(name, content):
        # Strides (8, 1) as a tuple of two BININT1.
        return content.replace(b"K\x08K\x01t", b"K\x08K\xfft") if name == "data.pkl" else content

    larger = rewritten(path, change)
    assert larger != rewritten(path, lambda _, content: content)
    with pytest.raises(BundleError, match="a tensor reaches element"):
        load_content(larger)


def test_a_pickle_gives_no_name_a_meaning(tmp_path, honest):
    """A call of `os.system` in the values is not made, and refused."""
    marker = tmp_path / "marker"

    class Call:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    evil = pickle.dumps(Call(), protocol=2)
    with pytest.raises(BundleError, match="which no model needs"):
        load_content(rewritten(honest, lambda name, content: evil if name == "data.pkl" else content))
    assert not marker.exists()


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    path = hostile_bundle(tmp_path_factory.mktemp("wide") / "model.pt", hostile.Wide())
    return Engine(load(str(path), trust=Trust(sha256=digest(path))), CPU)


@pytest.mark.parametrize("row", [0, 63, 64, 130])
def test_a_code_outside_its_word_never_leaves(wide, row):
    """In any tile of a batch: uint16 on the wire would turn 99 999 into 34 463."""
    x = np.random.default_rng(0).normal(scale=20, size=(131, 64)).astype(np.float32)
    rates = np.full(131, 256, np.float32)
    wide.encode(x, rates)
    x[row, 3] = 2e4
    with pytest.raises(CodesError, match="encode gave 99999 as code 0, expected 0 to 65535"):
        wide.encode(x, rates)
    x[row, 3] = 2e6
    with pytest.raises(CodesError, match=r"does not run: .*too loud"):
        wide.encode(x, rates)


def test_a_decode_is_finite_and_takes_only_codes(wide):
    """What is not finite is no signal; codes outside their words are no codes."""
    rates = np.full(1, 256, np.float32)
    with pytest.raises(CodesError, match="not finite"):
        wide.decode(np.zeros((1, 192), np.int32), rates)
    for code in (-1, 65536):
        with pytest.raises(CodesError, match=f"decode was given {code} as code 0, expected 0 to 65535"):
            wide.decode(np.full((1, 192), code, np.int32), rates)
