"""Write a decoded signal as a table: a row for each channel of each segment.

C channels, T samples.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eegstream.decoding import Reconstruction
from eegstream.files.atomic import replacing

_EVEN_S = 1e-6
"""Times that differ by less from `t0` and multiples of an interval are not written."""


def write_signal_table(path: Path, made: Reconstruction, recording: str) -> None:
    """Columns recording, channel, epoch, segment, t0, rate_hz, t (null if even) and eeg_uv.

    Raises:
        EegstreamError: the file cannot be written.
    """
    borders = np.flatnonzero((np.diff(made.epoch) != 0) | (np.diff(made.segment) != 0)) + 1
    edges = [0, *borders.tolist(), made.eeg_uv.shape[1]]
    rows = []
    for start, stop in pairwise(edges):
        t = made.t[start:stop]
        even = t[0] + np.arange(len(t)) / made.rate_hz
        for channel, label in enumerate(made.labels):
            rows.append(
                {
                    "recording": recording,
                    "channel": label,
                    "epoch": int(made.epoch[start]),
                    "segment": int(made.segment[start]),
                    "t0": float(t[0]),
                    "rate_hz": made.rate_hz,
                    "t": None if np.abs(t - even).max() <= _EVEN_S else t,
                    "eeg_uv": made.eeg_uv[channel, start:stop],
                }
            )
    schema = pa.schema(
        [
            ("recording", pa.string()),
            ("channel", pa.string()),
            ("epoch", pa.int32()),
            ("segment", pa.int32()),
            ("t0", pa.float64()),
            ("rate_hz", pa.float64()),
            ("t", pa.list_(pa.float64())),
            ("eeg_uv", pa.list_(pa.float32())),
        ]
    )
    with replacing(path) as unfinished:
        pq.write_table(pa.Table.from_pylist(rows, schema), unfinished, compression="zstd")
