"""Turn third-party readers' warnings, missing packages and errors into our own messages."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError

_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "Put all files of the recording into one folder"),
    (NotImplementedError, "Export it as EDF"),
)


@contextmanager
def quietly() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings instead of showing them, and suppress what a reader prints: stdout is for results."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def require(form: str, *packages: str) -> None:
    """Raise unless every package that is needed to read `form` can be imported."""
    for package in packages:
        try:
            import_module(package)
        except ImportError:
            raise missing_extra(form, package) from None


def missing_extra(form: str, package: str) -> RecordingError:
    """The error for a missing package that reads `form`."""
    return RecordingError(
        f"reading {form} needs {package}, which is not installed", remedy="pip install 'eegstream[files]'"
    )


def unreadable(name: str, form: str, error: Exception) -> RecordingError:
    """The error for a file `name` that a reader could not read; the remedy depends on the reader's error."""
    remedy = next((text for kind, text in _REMEDIES if isinstance(error, kind)), "")
    return RecordingError(
        f"{name} cannot be read as {form} ({type(error).__name__}: {printable(str(error))[:200]})",
        remedy=remedy or "Get the whole recording again, or export it as EDF",
    )
