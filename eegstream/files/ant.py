"""Read ANT Neuro's .cnt with the library antio, in a separate process.

C channels, T samples.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals, regular_times_s
from eegstream.files.third_party import require

_FORM = "ANT Neuro .cnt"
_PARTS = (b"raw3", b"eeph")
"""Chunks of the file that hold samples and header."""
_RIFF_HEAD_BYTES = 8
_UNPACKING = "eegstream.files.ant_unpacking"


def looks_like_ant(content: bytes) -> bool:
    """Whether these bytes begin a RIFF file of type CNT; Neuroscan's .cnt files are not RIFF files."""
    return content.startswith((b"RIFF", b"RF64")) and content[8:12] == b"CNT "


def read_ant(content: bytes, path: Path) -> list[Signals]:
    """The channels of the file at `path`, in the units that it states."""
    _refuse_stump(content, path.name)
    require(_FORM, "antio")
    said, values = _unpacked(path)
    n_samples, rate_hz = values.shape[1], said["rate_hz"]
    remarks = [f"the amplifier was disconnected {said['disconnected']} times"] if said["disconnected"] else []
    return [
        Signals(
            rate_hz=rate_hz,
            labels=tuple(map(printable, said["labels"])),
            types=("",) * len(said["labels"]),
            units=tuple(map(printable, said["units"])),
            read=lambda start, stop: values[:, start:stop].astype(np.float64),
            times_s=regular_times_s(n_samples, rate_hz),
            remarks=tuple(remarks),
            pauses=tuple(sorted({first for first in said["back"] if 0 < first < n_samples})),
        )
    ]


def _unpacked(path: Path) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """The file's description, and samples (C, T); a wrong checksum is an error."""
    with tempfile.TemporaryDirectory() as folder:
        samples_path = Path(folder, "samples.npy")
        command = [sys.executable, "-P", "-m", _UNPACKING, str(path), str(samples_path)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  (our own module)
        complaints = [line for line in done.stderr.splitlines() if "error" in line.lower() or done.returncode]
        if done.returncode or complaints:
            reason = printable(complaints[-1])[:200] if complaints else "antio crashed"
            raise RecordingError(
                f"{path.name} cannot be read as {_FORM} by antio ({reason})", remedy="Get the whole recording again"
            )
        said: dict[str, Any] = json.loads(done.stdout)
        values: NDArray[np.float32] = np.load(samples_path)
    if values.shape[0] != len(said["labels"]) or not said["rate_hz"] > 0:
        raise RecordingError(
            f"{path.name} holds {values.shape[0]} channels of {len(said['labels'])} at {said['rate_hz']:g} Hz",
            remedy="Get the whole recording again",
        )
    return said, values


def _refuse_stump(content: bytes, name: str) -> None:
    """Raise if the file lacks a chunk or its end; RF64 files state their length elsewhere and are not checked."""
    stated = int.from_bytes(content[4:8], "little") + _RIFF_HEAD_BYTES
    if all(part in content for part in _PARTS) and (content.startswith(b"RF64") or stated <= len(content)):
        return
    raise RecordingError(
        f"{name} is an {_FORM} (eego) without its end or its header ({len(content)} bytes): antio cannot read it",
        remedy="Get the whole file",
    )
