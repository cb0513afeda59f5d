"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eegstream.errors import EegstreamError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` if all went well, and goes if not.

    Behind a link, its target is replaced.

    Raises:
        EegstreamError: the place cannot be written, or is a folder or a device.
    """
    try:
        path = path.resolve()
    except OSError as error:
        raise EegstreamError(f"{path} is no path ({error.strerror})", "Give another place with -o") from None
    if path.exists() and not path.is_file():
        raise EegstreamError(f"{path} is there and no plain file", "Give the name of a file with -o")
    unfinished = path.with_name(path.name + ".part")
    try:
        yield unfinished
        unfinished.replace(path)
    except PermissionError as error:
        # Windows replaces no file that a program has open or mapped.
        raise EegstreamError(
            f"{path} cannot be written ({error.strerror})", "Close what has it open, or give another place with -o"
        ) from None
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another place with -o") from None
    finally:
        unfinished.unlink(missing_ok=True)
