"""Golden vectors of a bundle, read from `golden.npz` under limits.

N samples in a patch, G codes of a patch, K golden patches.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from eegstream.codec.archive import MIB, unpack
from eegstream.codec.manifest import Manifest
from eegstream.codec.wording import reason
from eegstream.errors import BundleError

MIN_GOLDEN = 1024
_MOST_UNPACKED_BYTES = 256 * MIB
_EXPORT = "Export the bundle again"


@dataclass(frozen=True)
class Golden:
    """Vectors that a device must reproduce before the bundle is used."""

    patches: NDArray[np.float32]
    """(K, N), in microvolts."""
    rate_hz: NDArray[np.float32]
    """(K, 1), the source rates."""
    codes: NDArray[np.int32]
    """(K, G)"""
    decoded: NDArray[np.float32]
    """(K, N), in microvolts."""


def read_golden(content: bytes, manifest: Manifest, origin: str) -> Golden:
    """Read `golden.npz`; `origin` names the bundle in errors.

    Raises:
        BundleError: it cannot be read, or its arrays do not fit the manifest.
    """
    entries = unpack(content, _MOST_UNPACKED_BYTES, f"{origin}: golden.npz")
    count = _count(entries.get("patches.npy", b""), origin)
    patch, words = manifest.patch, np.array(manifest.words)
    golden = Golden(
        patches=_array(entries, "patches", (count, patch), np.dtype(np.float32), origin),
        rate_hz=_array(entries, "rate_hz", (count, 1), np.dtype(np.float32), origin),
        codes=_array(entries, "codes", (count, len(words)), np.dtype(np.int32), origin),
        decoded=_array(entries, "decoded", (count, patch), np.dtype(np.float32), origin),
    )
    if count < MIN_GOLDEN:
        raise BundleError(f"{origin}: {count} golden patches, expected {MIN_GOLDEN} or more", _EXPORT)
    if (golden.codes < 0).any() or (golden.codes >= words).any():
        raise BundleError(f"{origin}: golden codes lie outside their words", _EXPORT)
    return golden


def _header(content: bytes, name: str, origin: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], bytes]:
    """Shape, whether it is in Fortran's order, type and data of an array, allocated as far as it is there."""
    file = io.BytesIO(content)
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, OverflowError) as error:
        raise BundleError(f"{origin}: golden {name} cannot be read ({reason(error)})", _EXPORT) from None
    return shape, fortran, dtype, content[file.tell() :]


def _count(content: bytes, origin: str) -> int:
    shape = _header(content, "patches", origin)[0]
    return int(shape[0]) if shape else 0


def _array(
    entries: dict[str, bytes], name: str, expected: tuple[int, ...], dtype: np.dtype[Any], origin: str
) -> NDArray[Any]:
    shape, fortran, found, data = _header(entries.get(f"{name}.npy", b""), name, origin)
    if shape != expected or found != dtype:
        raise BundleError(f"{origin}: golden {name} is {found} {shape}, expected {dtype} {expected}", _EXPORT)
    if len(data) != expected[0] * expected[1] * dtype.itemsize:
        raise BundleError(f"{origin}: golden {name} has {len(data)} bytes, which is not its shape", _EXPORT)
    array = np.frombuffer(data, dtype)
    return array.reshape(expected[::-1]).T.copy() if fortran else array.reshape(expected).copy()
