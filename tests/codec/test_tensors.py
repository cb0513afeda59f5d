"""Tables of a bundle are read without PyTorch: the same numbers, and nothing that is not there."""

import numpy as np
import pytest
import torch

from eegstream.codec import torchscript
from eegstream.codec.archive import Archive
from eegstream.codec.envelopes import Envelopes
from eegstream.codec.manifest import Manifest
from eegstream.codec.tensors import Tensors
from eegstream.errors import BundleError
from tests.shipped import NEWEST

(FAST,) = (path for path in NEWEST if path.name.startswith("fast"))


class Part(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.arange(6, dtype=torch.int16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.numbers.sum()


class Whole(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = Part()
        self.register_buffer("turned", torch.arange(12.0).view(3, 4).t())
        self.register_buffer("piece", torch.arange(10, dtype=torch.float16)[3:6])
        self.register_buffer("repeated", torch.ones(1).expand(1_000_000_000))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.part(x) + self.turned.sum() + self.piece.sum() + self.repeated[0]


@pytest.fixture(scope="module")
def tensors(tmp_path_factory: pytest.TempPathFactory) -> Tensors:
    path = tmp_path_factory.mktemp("saved") / "whole.pt"
    torchscript.save(torchscript.script(Whole()), path, {})
    return Tensors(Archive.read(path.read_bytes(), "whole"), "whole")


def test_tensors_have_their_numbers(tensors: Tensors) -> None:
    """Those of parts, with strides and offsets of any kind; they cannot be written."""
    np.testing.assert_array_equal(tensors.read("turned", (4, -1)), np.arange(12.0).reshape(3, 4).T)
    np.testing.assert_array_equal(tensors.read("piece", (3,)), [3, 4, 5])
    numbers = tensors.read("part.numbers", (6,))
    np.testing.assert_array_equal(numbers, np.arange(6))
    assert not numbers.flags.writeable


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("turned", (3, 4), r"the table turned is FloatStorage \[4, 3\], expected the shape \[3, 4\]"),
        ("nothing", (3,), "the table nothing is none"),
        ("repeated", (1_000_000_000,), "repeats its elements"),
    ],
)
def test_what_is_not_there_is_refused(tensors: Tensors, name: str, shape: tuple[int, ...], said: str) -> None:
    """Another shape, another name, and what would need memory that the file does not have."""
    with pytest.raises(BundleError, match=said):
        tensors.read(name, shape)


@pytest.mark.parametrize("name", ["word", "shift", "rate", "trellis.subset_of"])
def test_tables_that_lead_outside_are_refused(name: str) -> None:
    """A number of a code, a shift, a rate or a subset that does not exist."""
    archive = Archive.read(FAST.read_bytes(), "fast")
    manifest = Manifest.from_archive(archive, "fast")
    record = Tensors(archive, "fast")._places[name].record
    spoiled = {**archive.entries, record: b"\x7f" * len(archive.entries[record])}
    with pytest.raises(BundleError, match=f"the table {name} has values outside 0 to"):
        Envelopes.of(Archive(spoiled), manifest, "fast")
    assert Envelopes.of(archive, manifest, "fast").n_coefficients == 64


def test_a_pickle_takes_no_more_memory_than_it_has_bytes() -> None:
    """A memo far beyond its end would take gigabytes; nor has it opcodes that PyTorch does not write."""
    archive = Archive.read(FAST.read_bytes(), "fast")
    for content, said in (
        (b"\x80\x02]r\xff\xff\xff\x7f.", "it counts 2147483647 values in 9 bytes"),
        (b"\x80\x05\x96\xff\xff\xff\xff\x0f\x00\x00\x00.", "data.pkl cannot be read"),
        (b"\x80\x02]p7\n.", "the opcode PUT"),
    ):
        with pytest.raises(BundleError, match=said):
            Tensors(Archive({**archive.entries, "data.pkl": content}), "fast")
