"""Check that the tensors of a model lie within the bytes that the archive has for them.

PyTorch's loader of TorchScript takes sizes and strides from `data.pkl` as they are, and would read beyond a record.
"""

import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eegstream.codec.wording import reason
from eegstream.errors import BundleError

_BYTES_OF = {
    "BoolStorage": 1, "ByteStorage": 1, "CharStorage": 1, "ShortStorage": 2, "HalfStorage": 2, "BFloat16Storage": 2,
    "IntStorage": 4, "FloatStorage": 4, "LongStorage": 8, "DoubleStorage": 8, "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
}  # fmt: skip
_TAGS = frozenset({"build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag"})
_OPCODES = frozenset({
    "PROTO", "GLOBAL", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "EMPTY_LIST", "EMPTY_TUPLE", "EMPTY_DICT",
    "MARK", "APPEND", "APPENDS", "LIST", "DICT", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS",
    "BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "NEWTRUE", "NEWFALSE", "NONE", "REDUCE",
    "NEWOBJ", "BUILD", "BINPERSID", "STOP",
})  # fmt: skip
"""What PyTorch writes."""


def require_tensors_inside(entries: Mapping[str, bytes], origin: str) -> None:
    """Check `data.pkl` and `constants.pkl`; `origin` names the bundle in errors.

    Raises:
        BundleError: they are malformed, hold something else than a module's values, or a tensor exceeds its record.
    """
    for name in ("data", "constants"):
        values_inside(entries, name, origin)


def values_inside(entries: Mapping[str, bytes], name: str, origin: str) -> object:
    """Check `NAME.pkl` in the same way, and return what it holds: of a model, a `ModuleValues`.

    Raises:
        BundleError: as above.
    """
    try:
        _require_plain(entries[f"{name}.pkl"])
        return _Reader(entries, name).load()
    except KeyError as error:
        raise BundleError(f"{origin} has no {error.args[0]}", "Export the model again") from None
    except Exception as error:  # noqa: BLE001 - unpickling hostile bytes raises anything; none of it is run
        raise BundleError(f"{origin}: {name}.pkl cannot be read ({reason(error)})", "Export again") from None


def _require_plain(content: bytes) -> None:
    """Refuse what would have the unpickler allocate memory for more than the pickle holds, such as a far memo."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in _OPCODES:
            raise pickle.UnpicklingError(f"it has the opcode {opcode.name}, which PyTorch does not write")
        if opcode.name == "LONG_BINPUT" and int(argument or 0) > len(content):
            raise pickle.UnpicklingError(f"it counts {argument} values in {len(content)} bytes")


class ModuleValues:
    """Stands for an object of the model's own classes."""

    def __init__(self) -> None:
        self.values: object = None
        """Its attributes by name, if it is a module."""

    def __setstate__(self, state: object) -> None:
        self.values = state


@dataclass(frozen=True)
class _Storage:
    """The elements that a record holds."""

    kind: str
    record: str
    elements: int


@dataclass(frozen=True)
class TensorPlace:
    """Where the elements of a tensor are: within its record, for certain."""

    kind: str
    """The storage's type, as PyTorch names it."""
    record: str
    offset: int
    """In elements, as the strides."""
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Reader(pickle.Unpickler):
    """Reads the values of a module, and gives names no meaning but these."""

    def __init__(self, entries: Mapping[str, bytes], name: str) -> None:
        super().__init__(io.BytesIO(entries[f"{name}.pkl"]))
        self._entries, self._name = entries, name

    def find_class(self, module: str, name: str, /) -> Any:
        """What a name of the pickle stands for."""
        if module.startswith("__torch__"):
            return ModuleValues
        if module in ("torch", "torch.storage") and name in _BYTES_OF:
            return name
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _require_inside
        if module == "torch.jit._pickle" and name in _TAGS:
            return _first
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch", "device"):
            return _first
        raise pickle.UnpicklingError(f"it names {module[:60]}.{name[:60]}, which no model needs")

    def persistent_load(self, pid: Any, /) -> _Storage:
        """A storage: its type, record, device and number of elements."""
        kind, storage, record, _, elements = pid
        held = len(self._entries[f"{self._name}/{record}"])
        if kind != "storage" or not 0 <= elements * _BYTES_OF[storage] <= held:
            raise pickle.UnpicklingError(f"record {record} has {held} bytes, {elements} elements of {storage} are said")
        return _Storage(storage, f"{self._name}/{record}", elements)


def _first(value: object, *_: object) -> object:
    return value


def _require_inside(
    storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> TensorPlace:
    """Check one tensor: as PyTorch's `_rebuild_tensor_v2`, which would not."""
    if len(size) != len(stride) or min((offset, *size, *stride)) < 0:
        raise pickle.UnpicklingError("a tensor has a negative size")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.elements:
        raise pickle.UnpicklingError(f"a tensor reaches element {last}, its record has {storage.elements}")
    return TensorPlace(storage.kind, storage.record, offset, tuple(size), tuple(stride))
