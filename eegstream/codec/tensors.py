"""Read the tensors of a bundle as arrays, without PyTorch and without running anything."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike, NDArray

from eegstream.codec.archive import Archive
from eegstream.codec.tensor_check import ModuleValues, TensorPlace, values_inside
from eegstream.errors import BundleError

Array = NDArray[np.generic]

_TYPES: Mapping[str, DTypeLike] = {
    "BoolStorage": "?",
    "ByteStorage": "u1",
    "CharStorage": "i1",
    "ShortStorage": "<i2",
    "HalfStorage": "<f2",
    "IntStorage": "<i4",
    "FloatStorage": "<f4",
    "LongStorage": "<i8",
    "DoubleStorage": "<f8",
}


class Tensors:
    """The tensors of a model by name, those of its parts as `PART.NAME`; `origin` names the bundle in errors.

    Raises:
        BundleError: the values of the model cannot be read.
    """

    def __init__(self, archive: Archive, origin: str) -> None:
        self._archive, self._origin = archive, origin
        self._places = dict(_named(values_inside(archive.entries, "data", origin), ""))

    def read(self, name: str, shape: tuple[int, ...]) -> Array:
        """The tensor `name`, which must have this shape (-1: any size).

        Raises:
            BundleError: there is none, or it has another shape or an unknown type.
        """
        place = self._places.get(name)
        seen = "none" if place is None else f"{place.kind} {list(place.size)}"
        fits = place is not None and len(place.size) == len(shape) and place.kind in _TYPES
        if place is None or not fits or any(e not in (-1, n) for n, e in zip(place.size, shape, strict=True)):
            raise BundleError(
                f"{self._origin}: the table {name} is {seen}, expected the shape {list(shape)}",
                "Export the bundle again with this version's trainer",
            )
        elements = np.frombuffer(self._archive.entries[place.record], _TYPES[place.kind])
        if math.prod(place.size) > len(elements):
            raise BundleError(f"{self._origin}: the table {name} repeats its elements", "Export the bundle again")
        steps = tuple(step * elements.itemsize for step in place.stride)
        return as_strided(elements[place.offset :], place.size, steps, writeable=False)


def _named(values: object, before: str, depth: int = 0) -> list[tuple[str, TensorPlace]]:
    """All tensors of a module and of its parts."""
    held = values.values if isinstance(values, ModuleValues) else None
    if not isinstance(held, dict) or depth > 8:
        return []
    found = []
    for name, value in held.items():
        if isinstance(value, TensorPlace):
            found.append((f"{before}{name}", value))
        found += _named(value, f"{before}{name}.", depth + 1)
    return found
