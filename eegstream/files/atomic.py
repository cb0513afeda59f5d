"""Write files that appear complete or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eegstream.errors import EegstreamError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`: it replaces `path` on success and is removed on an error.

    If `path` is a link, its target is replaced.

    Raises:
        EegstreamError: `path` cannot be written, or is a folder or a device.
    """
    try:
        path = path.resolve()
    except OSError as error:
        raise EegstreamError(f"{path} is not a valid path ({error.strerror})", "Give another path with -o") from None
    if path.exists() and not path.is_file():
        raise EegstreamError(f"{path} exists and is not a regular file", "Give the path of a file with -o")
    unfinished = path.with_name(path.name + ".part")
    try:
        yield unfinished
        unfinished.replace(path)
    except PermissionError as error:
        # Windows cannot replace a file that a program has open or mapped.
        raise EegstreamError(
            f"{path} cannot be written ({error.strerror})",
            "Close the program that uses it, or give another path with -o",
        ) from None
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another path with -o") from None
    finally:
        unfinished.unlink(missing_ok=True)
