"""One publisher at a time on an ipc path: ZeroMQ itself lets a second one take the path of the first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eegstream.errors import ConfigError
from eegstream.pubsub.sockets import BindError
from eegstream.wire.identity import DEFAULT_URL


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """Hold a lock beside an ipc path, and leave no file behind.

    An address without a path needs none: TCP ports and abstract names (`ipc://@name`) can be bound once only, and
    `ipc://*` is a new path each time.

    Raises:
        BindError: somebody else holds it.
        ConfigError: the folder cannot be written, or the system has no such addresses.
    """
    if not url.startswith("ipc://"):
        yield
        return
    try:
        import fcntl  # noqa: PLC0415 - where there is none, ZeroMQ's ipc is of no use either
    except ImportError:
        raise ConfigError(f"{url} is no address on this system", f"Give one such as {DEFAULT_URL}") from None
    path = url.removeprefix("ipc://")
    if path.startswith(("@", "*")):
        yield
        return
    lock_path = Path(f"{path}.lock")
    while True:
        try:
            lock = lock_path.open("w")
        except OSError as error:
            raise ConfigError(
                f"{lock_path} cannot be written ({error.strerror})", "Give a --bind in a folder of yours"
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BindError(f"{url} is in use", "Stop what publishes there, or give another --bind") from None
            if not _is_same(lock.fileno(), lock_path):
                continue  # its holder removed it meanwhile
            try:
                yield
            finally:
                lock_path.unlink(missing_ok=True)
            return


def remove_socket_files(url: str, bound: list[str | None]) -> None:
    """Remove the files of closed ipc sockets; `url` is what was to be bound, `bound` what was.

    libzmq leaves them. They are no obstacle, but they look as if somebody were there.
    """
    for address in bound:
        if address is None or not address.startswith("ipc://") or address.startswith("ipc://@"):
            continue
        path = Path(address.removeprefix("ipc://"))
        path.unlink(missing_ok=True)
    if url == "ipc://*" and bound[0] is not None:
        with suppress(OSError):
            Path(bound[0].removeprefix("ipc://")).parent.rmdir()


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
