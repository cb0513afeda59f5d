"""Keep third-party readers' warnings and missing packages from the user."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from eegstream.errors import RecordingError


@contextmanager
def quietly() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings instead of showing them; what a reader prints is not shown either: stdout is for results."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def missing_extra(form: str, package: str) -> RecordingError:
    """The error where the package that reads `form` is not installed."""
    return RecordingError(
        f"reading {form} needs {package}, which is not installed", remedy="pip install 'eegstream[files]'"
    )
