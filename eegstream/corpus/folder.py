"""The folder of the outputs: several runs may write into it at the same time, and each may be killed at any moment.

An output is written in a folder of the run's own, and gets its final name together with its line in the manifest, under
a lock. First a former output of that name is removed, then the line is written, then the new output is named: at any
moment a line either fits its output, or has none, and then the recording is encoded again.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from eegstream.corpus.manifest import Entry, Manifest
from eegstream.errors import EegstreamError
from eegstream.files.contents import content_sha256

_LOCK = ".lock"
_WRITING = ".writing"


class OutputFolder:
    """A folder of outputs, opened by one run."""

    def __init__(self, path: Path, own: Path) -> None:
        self.path = path
        self._own = own
        self._manifest = Manifest(path)
        self.lock = FileLock(path / _LOCK)
        """Held by whoever changes the manifest or a final name."""
        self._numbers = iter(range(1 << 62))

    def entries(self) -> dict[str, Entry]:
        """What the manifest says, by output."""
        with self.lock:
            return self._manifest.read()[0]

    def forget(self, is_obsolete: Callable[[Entry], bool] = lambda _: False) -> None:
        """Remove obsolete entries, lines that later ones replace, and lines that a crash has damaged."""
        with self.lock:
            entries, more = self._manifest.read()
            kept = {output: entry for output, entry in entries.items() if not is_obsolete(entry)}
            if more or len(kept) < len(entries):
                self._manifest.replace(kept)

    def new_file(self) -> Path:
        """The path of an output that is being written."""
        return self._own / str(next(self._numbers))

    def record(self, entry: Entry) -> None:
        """Write a line; the output of a recording that failed is removed, because it is one of former content.

        Raises:
            EegstreamError: that cannot be done.
        """
        with self.lock, _failures(self.path / entry.output):
            if entry.status == "failed":
                (self.path / entry.output).unlink(missing_ok=True)
            self._manifest.append(entry)

    def publish(self, written: Path, entry: Entry) -> None:
        """Give an output its name, and write its line.

        Raises:
            EegstreamError: one of both cannot be done.
        """
        output = self.path / entry.output
        with self.lock, _failures(output):
            if output.is_file() and content_sha256([output]) == entry.output_sha256:
                # Another run has done the same, and may not look at it again: it must not be missing for a moment.
                self._manifest.append(entry)
                written.unlink()
                return
            output.parent.mkdir(parents=True, exist_ok=True)
            output.unlink(missing_ok=True)
            self._manifest.append(entry)
            written.replace(output)
            _sync(output.parent)


@contextmanager
def _failures(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EegstreamError(
            f"{output} cannot be written ({error.strerror})", "Correct that, and run it again"
        ) from None


@contextmanager
def opened(path: Path) -> Iterator[OutputFolder]:
    """The folder for one run; it is made if it does not exist, and what killed runs were writing is removed.

    Raises:
        EegstreamError: it cannot be written, or its file system has no locks.
    """
    own = path / _WRITING / secrets.token_hex(8)
    mine = FileLock(own.with_suffix(".lock"))
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        mine.acquire()
        own.mkdir()
        _remove_dead(path / _WRITING, own)
    except NotImplementedError:
        raise EegstreamError(
            f"{path} is on a file system without locks", "Mount it with locks, or give another"
        ) from None
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another folder with -o") from None
    try:
        yield OutputFolder(path, own)
    finally:
        shutil.rmtree(own, ignore_errors=True)
        mine.release()
        own.with_suffix(".lock").unlink(missing_ok=True)


def _remove_dead(writing: Path, own: Path) -> None:
    """Remove the folders of runs that hold their lock no more."""
    for folder in writing.iterdir():
        if folder == own or not folder.is_dir():
            continue
        lock = FileLock(folder.with_suffix(".lock"))
        try:
            with lock.acquire(blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
        except Timeout:
            continue  # another run is at work


def _sync(folder: Path) -> None:
    """Make the names in a folder last, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
