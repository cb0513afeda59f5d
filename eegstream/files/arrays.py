"""Write arrays to `.npz`, atomically."""

from pathlib import Path
from typing import Any

import numpy as np

from eegstream.files.atomic import replacing


def save_npz(path: Path, **arrays: Any) -> None:
    """Write named arrays.

    Raises:
        EegstreamError: the file cannot be written.
    """
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)
