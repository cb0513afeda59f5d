"""Unpack an ANT Neuro .cnt in a process of its own, because its library may crash on a damaged file.

`python -m eegstream.files.ant_unpacking FILE SAMPLES` writes float32 samples (C, T) to SAMPLES, a .npy file, and the
file's other contents as JSON to stdout. The library itself prints its complaints.
"""

import json
import sys
from importlib import import_module

import numpy as np


def main(path: str, samples_path: str) -> None:
    """Unpack the file at `path`."""
    antio, parser = import_module("antio"), import_module("antio.parser")
    file = antio.read_cnt(path)
    channels = [file.get_channel(index, encoding="latin-1") for index in range(file.get_channel_count())]
    breaks = parser.read_triggers(file)[4]
    np.save(samples_path, file.get_samples_as_nparray(0, file.get_sample_count()))
    said = {
        "rate_hz": float(file.get_sample_frequency()),
        "labels": [channel[0] for channel in channels],
        "units": [channel[1] for channel in channels],
        "disconnected": len(breaks["start"]),
        "back": [int(first) for first in breaks["stop"]],
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
