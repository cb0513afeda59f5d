"""Read columns of lists as arrays of numpy."""

from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray


def codes_of(batch: Any) -> list[NDArray[np.uint16]]:
    """The codes (P, G) of each row of a batch."""
    column = batch.column("codes")
    n_codes = column.type.value_type.list_size
    flat = column.flatten().flatten().to_numpy(zero_copy_only=False)
    return np.split(flat.reshape(-1, n_codes), _borders(column))


def flags_of(batch: Any) -> list[NDArray[np.uint8]]:
    """The flags (P,) of each row of a batch."""
    column = batch.column("flags")
    return np.split(column.flatten().to_numpy(zero_copy_only=False), _borders(column))


def _borders(column: Any) -> NDArray[np.int64]:
    return np.asarray(np.cumsum(pc.list_value_length(column).to_numpy(zero_copy_only=False))[:-1], np.int64)
