"""Encode one recording into one output: the part that needs the model."""

import functools
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from eegstream.codec.bundle import load
from eegstream.codec.devices import choose_device
from eegstream.codec.engine import Engine
from eegstream.corpus.formats import FORMATS
from eegstream.corpus.manifest import StreamEntry
from eegstream.corpus.task import Model, Result, Task, UnwritableError
from eegstream.encoding import encode_file
from eegstream.errors import BundleError, EegstreamError, RecordingError
from eegstream.files.contents import content_sha256, files_of, states_of
from eegstream.files.sinks import MessageSink
from eegstream.wire.messages import Message


@functools.cache
def engine_of(model: Model, thread: int) -> Engine:  # noqa: ARG001 - an engine is used from one thread
    """The model, loaded once for each thread of a process.

    Raises:
        BundleError: the bundle cannot be used in this process, or is another one.
        ConfigError: there is no such device.
    """
    device = choose_device(model.device)
    bundle = load(model.reference, device, model.trust)
    if bundle.sha256 != model.sha256:
        raise BundleError(
            f"{bundle.path} has sha256 {bundle.sha256} in this process, expected {model.sha256}",
            "Install the same version everywhere, or give a bundle in a folder that all machines share",
        )
    return Engine(bundle, device)


def encoded(task: Task, read: Result, engine: Engine) -> Result:
    """Encode a recording whose state was `read`.

    Raises:
        DeviceLostError: the device failed.
        UnwritableError: the output cannot be written.
        EegstreamError: the recording cannot be read or encoded.
    """
    # A worker that Dask took for lost may still be writing: each attempt has a file of its own.
    written = Path(f"{task.written}-{secrets.token_hex(4)}")
    remarks: dict[str, None] = {}
    try:
        with ExitStack() as stack:
            with _unwritable():
                sink = stack.enter_context(FORMATS[task.format].open(written, task))
            counts = encode_file(
                task.path, engine, task.options, _Guarded(sink), lambda text: remarks.update({text: None})
            )
            with _unwritable():
                stack.close()
                _sync(written)
        _require_unchanged(task, read)
        with _unwritable():
            size, sha256 = written.stat().st_size, content_sha256([written])
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return replace(
        read,
        counts=tuple(StreamEntry(**asdict(count)) for count in counts),
        remarks=tuple(remarks),
        written=str(written),
        output_size=size,
        output_sha256=sha256,
    )


def _sync(written: Path) -> None:
    """Bring a file to the disk, so that its name never stands for less than all of it."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())


def _require_unchanged(task: Task, read: Result) -> None:
    now = states_of(files_of(Path(task.path)))
    if tuple(state.modified_ns for state in now) != read.modified_ns or sum(state.size for state in now) != read.size:
        raise RecordingError("it changed while it was read", "Run it again when it is complete")


class _Guarded:
    """A sink whose errors are told from those of the recording."""

    def __init__(self, sink: MessageSink) -> None:
        self._sink = sink

    def write(self, message: Message) -> None:
        with _unwritable():
            self._sink.write(message)


@contextmanager
def _unwritable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwritableError(f"{error.strerror or error}") from error
    except EegstreamError as error:
        raise UnwritableError(error.message) from error
