"""Make a data set of recorded streams and of tables."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from eegstream.errors import CodesFileError, EegstreamError
from eegstream.files.atomic import replacing
from eegstream.files.codes import load_codes
from eegstream.files.damage import told
from eegstream.tables.gathered import Gathered
from eegstream.tables.names import RecordingNames
from eegstream.tables.shards import gather, recordings_in
from eegstream.tables.writing import write_segments

MANIFEST = "manifest.jsonl"
TABLE = ".parquet"


_CODES = ".mcap"


def coded_files(paths: Sequence[Path]) -> list[Path]:
    """The files, and all codes files and tables below the folders, in order of their paths.

    Raises:
        CodesFileError: there is none.
    """
    found: list[Path] = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        found += sorted(one for one in inside if not path.is_dir() or one.suffix.lower() in {_CODES, TABLE})
    if not found:
        raise CodesFileError(f"{paths[0]} has neither codes files nor tables", "Encode or record some first")
    return found


def export(
    files: Sequence[Path],
    folder: Path,
    data_license: str | None,
    tell: Callable[[str], None],
    reached: Callable[[int], None] = lambda _: None,
) -> list[Gathered]:
    """Write a data set of codes files and tables into `folder`, which is new or empty.

    Codes files are named after themselves, as BIDS names files; their marker streams become events of their EEG. Tables
    keep their names. `tell` gets what is wrong with a file, as one sentence; `reached` the number of files done.

    Raises:
        CodesFileError: a file cannot be read, or they do not fit into one data set.
        EegstreamError: `folder` is not empty, or cannot be written.
    """
    _require_new(folder)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as room:
        tables: list[Path] = []
        origins: dict[str, Path] = {}
        for number, path in enumerate(files, start=1):
            names = RecordingNames.of_path(path)
            table = path
            if path.suffix.lower() != TABLE:
                table = Path(room, f"{number}{TABLE}")
                _convert(path, table, names, data_license, tell)
            tables.append(table)
            origins |= dict.fromkeys(recordings_in(table), path)
            reached(number)
        found = gather(tables, folder, data_license)
    lines = [json.dumps(vars(entry) | _origin(entry, origins), ensure_ascii=False) for entry in found]
    with replacing(folder / MANIFEST) as unfinished:
        unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found


def _require_new(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not any(folder.iterdir())
    except OSError as error:
        raise EegstreamError(f"{folder} cannot be made a folder ({error.strerror})", "Give another -o") from None
    if not is_new:
        raise EegstreamError(f"{folder} is not empty", "Give a new folder with -o")


def _convert(
    path: Path, table: Path, names: RecordingNames, data_license: str | None, tell: Callable[[str], None]
) -> None:
    read = load_codes(path)
    if read.damage:
        tell(f"{told(path.name, read.damage)}. The rest was taken")
    if not read.finished:
        tell(f"{path.name} is unfinished; its last message may be missing")
    try:
        write_segments(table, read, read.events, names, data_license)
    except CodesFileError as error:
        raise CodesFileError(f"{path.name}: {error.message}", error.remedy) from None


def _origin(entry: Gathered, origins: dict[str, Path]) -> dict[str, str]:
    """The file that a recording comes from."""
    path = origins[entry.recording]
    with path.open("rb") as file:
        return {"path": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
