"""Keep third-party readers' warnings, missing packages and complaints from the user."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module

from eegstream.dsp.channels import printable
from eegstream.errors import RecordingError

_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "Put all files of the recording into one folder"),
    (NotImplementedError, "Export it as EDF"),
)


@contextmanager
def quietly() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings instead of showing them; what a reader prints is not shown either: stdout is for results."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def require(form: str, *packages: str) -> None:
    """Raise unless every package that reading `form` takes can be imported."""
    for package in packages:
        try:
            import_module(package)
        except ImportError:
            raise missing_extra(form, package) from None


def missing_extra(form: str, package: str) -> RecordingError:
    """The error where the package that reads `form` is not installed."""
    return RecordingError(
        f"reading {form} needs {package}, which is not installed", remedy="pip install 'eegstream[files]'"
    )


def unreadable(name: str, form: str, error: Exception) -> RecordingError:
    """The error where a reader gave up on the file `name`; what to do depends on why."""
    remedy = next((text for kind, text in _REMEDIES if isinstance(error, kind)), "")
    return RecordingError(
        f"{name} cannot be read as {form} ({type(error).__name__}: {printable(str(error))[:200]})",
        remedy=remedy or "Get the whole recording again, or export it as EDF",
    )
