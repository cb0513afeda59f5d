"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eegstream.errors import EegstreamError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` if all went well, and goes if not.

    Raises:
        EegstreamError: the place cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another place with -o") from None
    finally:
        unfinished.unlink(missing_ok=True)
