"""Write and open Parquet files of rows."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegstream.errors import CodesFileError, EegstreamError
from eegstream.tables.schema import NAMES, TableFacts

ROW_GROUP_BYTES = 64 * 1024 * 1024
"""Of a row group in memory; a reader holds one at a time."""
_CODES = "codes.list.element.list.element"


class TableFile:
    """A file under way. Rows are gathered into groups of about 64 MB; leaving the context finishes the file.

    Codes are split into low and high bytes and compressed by zstd: about a sixth more than their bits.

    Raises:
        EegstreamError: the file cannot be written.
    """

    def __init__(self, path: Path, facts: TableFacts, group_bytes: int = ROW_GROUP_BYTES) -> None:
        self._path, self._group_bytes = path, group_bytes
        self._schema = facts.schema
        self._waiting: list[Any] = []
        self._waiting_bytes = 0

    def __enter__(self) -> "TableFile":
        with self._told():
            self._writer = pq.ParquetWriter(
                self._path,
                self._schema,
                compression="zstd",
                use_dictionary=list(NAMES),
                column_encoding={_CODES: "BYTE_STREAM_SPLIT"},
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
            with self._told():
                self._writer.close()
        else:
            with suppress(OSError):
                self._writer.close()

    @property
    def bytes_written(self) -> int:
        """Size of the file so far, without rows that wait for their group to fill."""
        return self._path.stat().st_size

    def add(self, batch: Any) -> None:
        """Append a batch of rows with the columns of the file."""
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        if self._waiting_bytes >= self._group_bytes:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            rows = pa.Table.from_batches(self._waiting).unify_dictionaries()
            rows = rows.replace_schema_metadata(self._schema.metadata)
            with self._told():
                self._writer.write_table(rows, row_group_size=rows.num_rows)
        self._waiting, self._waiting_bytes = [], 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0][:200]
            raise EegstreamError(
                f"{self._path} cannot be written ({reason})", "Make room, or give another -o"
            ) from None


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, TableFacts]]:
    """A table as pyarrow's ParquetFile, and its facts.

    Raises:
        CodesFileError: it cannot be read, or is no table of tokens.
    """
    try:
        with pq.ParquetFile(path) as file:
            facts = TableFacts.read(file.schema_arrow, path.name)
            lacking = [name for name in facts.schema.names if name not in file.schema_arrow.names]
            if lacking:
                raise CodesFileError(f"{path.name} lacks the columns {', '.join(lacking)}", "Write the table again")
            yield file, facts
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0][:200]
        raise CodesFileError(f"{path.name} cannot be read as Parquet ({reason})", "Get the file again") from None
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0][:200]
        raise CodesFileError(f"{path} cannot be read ({reason})", "Check the path") from None
