"""Read the file of samples that a header file names."""

from pathlib import Path

from eegstream.errors import RecordingError
from eegstream.files.file_bytes import FileBytes, StoredBytes


def read_data_file(data_path: Path, header_path: Path) -> FileBytes:
    """The bytes of `data_path`; RecordingError if it cannot be read."""
    try:
        with data_path.open("rb"):
            return StoredBytes(data_path)
    except OSError:
        raise RecordingError(
            f"{header_path.name} names {data_path.name} as its file of samples, which cannot be read",
            remedy=f"Put {data_path.name} into the same folder",
        ) from None
