"""One recording to be encoded into one output, in whichever process the task comes to."""

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from eegstream.codec.trust import Trust
from eegstream.corpus.manifest import StreamEntry
from eegstream.errors import DeviceLostError, EegstreamError, RecordingError, one_line
from eegstream.files.contents import content_sha256, files_of, states_of
from eegstream.files.recording_files import absent
from eegstream.stream import FileOptions

_LONGEST_REASON = 500


@dataclass(frozen=True)
class Model:
    """The bundle that all recordings are encoded with."""

    reference: str
    trust: Trust
    device: str
    sha256: str
    """Every process must find the same file."""


@dataclass(frozen=True)
class Task:
    """All that a process needs to encode one recording."""

    path: str
    written: str
    """How the path of the output begins while it is being written."""
    model: Model
    options: FileOptions
    format: str
    recording: str
    """Its name, which no other one has."""
    dataset: str | None
    """Name of its BIDS data set's folder; None if it is of none."""
    known_sha256: str | None = None
    """If the recording's content still has this digest, its output is there already."""


@dataclass(frozen=True)
class Result:
    """What became of a recording."""

    size: int = 0
    modified_ns: tuple[int, ...] = ()
    sha256: str | None = None
    is_as_known: bool = False
    """The content is the known one, so nothing was encoded."""
    failure: str | None = None
    """Why the recording cannot be encoded."""
    counts: tuple[StreamEntry, ...] = ()
    remarks: tuple[str, ...] = ()
    written: str = ""
    """Path of the output."""
    output_size: int | None = None
    output_sha256: str | None = None
    seconds: float = 0.0
    """That the work took, without the loading of the model."""
    peak_bytes: int = 0
    """Most memory that the process has had so far; 0 where the system does not tell."""
    unwritable: str | None = None
    """Why no output can be written. That is no fault of the recording."""


class UnwritableError(Exception):
    """The output cannot be written, which is no fault of the recording."""


def encode_one(task: Task) -> Result:
    """Encode one recording; a fault of the recording is a result, not an exception.

    Raises:
        BundleError: the bundle cannot be used in this process, or is another one.
        ConfigError: there is no such device.
        DeviceLostError: the device failed.
    """
    started_s = time.perf_counter()
    result = _guarded(lambda: _read_state(task), Result())
    if result.failure is None and not result.is_as_known:
        reached_s = time.perf_counter()
        from eegstream.corpus.work import encoded, engine_of  # noqa: PLC0415  (PyTorch is needed only here)

        engine = engine_of(task.model, threading.get_ident())
        started_s += time.perf_counter() - reached_s
        result = _guarded(lambda: encoded(task, result, engine), result)
    return replace(result, seconds=round(time.perf_counter() - started_s, 3), peak_bytes=_peak_bytes())


def _guarded(step: Callable[[], Result], before: Result) -> Result:
    """The result of a step; if it fails, that before it, with the reason."""
    try:
        return step()
    except DeviceLostError:
        raise
    except UnwritableError as error:
        return replace(before, unwritable=str(error))
    except EegstreamError as error:
        why = str(error)
    except OSError as error:
        why = f"it cannot be read ({error.strerror or error})"
    except MemoryError:
        why = "this process has not enough memory for it"
    except Exception as error:  # noqa: BLE001 - a reader's bug on one file must not stop the others
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"
    return replace(before, failure=one_line(why, _LONGEST_REASON))


def _read_state(task: Task) -> Result:
    """Size, times and digest of the recording."""
    path = Path(task.path)
    if why := absent(path):
        raise RecordingError(why)
    files = files_of(path)
    states = states_of(files)
    sha256 = content_sha256(files)
    return Result(
        size=sum(state.size for state in states),
        modified_ns=tuple(state.modified_ns for state in states),
        sha256=sha256,
        is_as_known=sha256 == task.known_sha256,
    )


def _peak_bytes() -> int:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
