"""Read the file of samples that a header file names."""

from pathlib import Path

from eegstream.errors import RecordingError


def read_data_file(data_path: Path, header_path: Path) -> bytes:
    """The bytes of `data_path`; RecordingError if it cannot be read."""
    try:
        return data_path.read_bytes()
    except OSError:
        raise RecordingError(
            f"{header_path.name} names {data_path.name} as its file of samples, which cannot be read",
            remedy=f"Put {data_path.name} into the same folder",
        ) from None
