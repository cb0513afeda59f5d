"""The formats of outputs: what opens a sink for the messages of one recording."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from eegstream.corpus.task import Task
from eegstream.files.codes import CodesWriter
from eegstream.files.sinks import MessageSink


@dataclass(frozen=True)
class Format:
    """A format of outputs."""

    suffix: str
    open: Callable[[Path, Task], AbstractContextManager[MessageSink]]
    """Opens a file that is complete when the context is left without an exception."""
    require: Callable[[], None]
    """Raises an EegstreamError if a package that it needs is not installed."""


def _codes_file(path: Path, task: Task) -> AbstractContextManager[MessageSink]:  # noqa: ARG001 - names are in the path
    return CodesWriter(path)


def _table(path: Path, task: Task) -> AbstractContextManager[MessageSink]:
    from eegstream.tables.names import RecordingNames  # noqa: PLC0415  (needs an extra)
    from eegstream.tables.writing import write_table  # noqa: PLC0415

    return write_table(path, RecordingNames.of_path(task.path, task.dataset, task.recording))


def _require_tables() -> None:
    import eegstream.tables  # noqa: F401, PLC0415


FORMATS = {
    "mcap": Format(".mcap", _codes_file, lambda: None),
    "parquet": Format(".parquet", _table, _require_tables),
}
