"""Name the output of each recording."""

import hashlib
import re
from pathlib import PurePosixPath

from eegstream.corpus.sources import Source

_HEX_DIGITS = 8


def output_name(source: Source, suffix: str, bundle: str, *, is_taken: bool = False) -> str:
    """Path of a recording's output, relative to the folder of the outputs.

    `sub-01/eeg/sub-01_task-rest_desc-default_codes.mcap` of sub-01/eeg/sub-01_task-rest_eeg.edf in a BIDS data set,
    else `a/rest.edf.codes.mcap` of a/rest.edf. If that `is_taken`, digits of the SHA-256 of the path follow.
    """
    digits = hashlib.sha256(str(source.path).encode()).hexdigest()[:_HEX_DIGITS] if is_taken else ""
    if source.bids_root is None:
        return f"{source.shown}{'-' if digits else ''}{digits}.codes{suffix}"
    path = PurePosixPath(source.shown)
    entities = path.name.removesuffix(path.suffix).rpartition("_")[0]
    label = re.sub(r"[^A-Za-z0-9]", "", bundle)
    return str(path.with_name(f"{entities}_desc-{label}{digits}_codes{suffix}"))
