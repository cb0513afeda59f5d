"""Find out which files are recordings, which are parts of one, and which have no content on this machine."""

import ntpath
import re
from collections.abc import Iterator
from pathlib import Path

from eegstream.errors import RecordingError
from eegstream.files.companions import refuse_by_name

HEADERS = (".vhdr", ".ahdr", ".set", ".lay", ".data", ".fif", ".eeg")
"""Files whose samples may be in other files with the same stem."""
_TEXT = (".txt", ".asc")
_READ = frozenset({".edf", ".bdf", ".gdf", ".rec", ".xdf", ".xdfz", ".cnt", ".raw", ".egi", ".mff", ".csv", *HEADERS})
_NOT_READ = frozenset({".cdt", ".dap", ".e", ".nedf", ".nxe", ".mefd", ".con", ".sqd", ".ds"})
"""Recordings in formats that eegstream refuses by name."""
_MAYBE_EEG = frozenset({".mat", ".npy", ".npz", ".h5", ".hdf5", ".nwb", ".parquet", ".ncs", ".smr", ".smrx", ".plx"})
_FOLDERS = (".mff", ".mefd", ".ds")
"""Formats that are folders."""
_SAMPLES = (".eeg", ".dat", ".fdt", ".avg", ".seg")
_SPLIT_FIF = re.compile(r"(.+)-\d+(\.fif(?:\.gz)?)", re.IGNORECASE)
_POINTERS = (b"/annex/objects/", b"version https://git-lfs")
_TEXT_HEADERS = (".vhdr", ".ahdr", ".lay")
_HEADER_BYTES = 1 << 16
_LARGEST_POINTER_BYTES = 4096
_PROBE_BYTES = 8192


def files_below(folder: Path, depth: int | None = None) -> Iterator[Path]:
    """All files below a folder, and folders that are a recording format; nothing hidden, no folder twice.

    `depth` limits the number of levels. A folder without read permission is returned itself.
    """
    return _below(folder, depth, {folder.resolve()})


def _below(folder: Path, depth: int | None, seen: set[Path]) -> Iterator[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        yield folder
        return
    for path in sorted(inside, key=Path.is_symlink):
        if not path.is_dir() or path.suffix.lower() in _FOLDERS:
            yield path
        elif depth != 1 and path.resolve() not in seen:
            seen.add(path.resolve())
            yield from _below(path, depth and depth - 1, seen)


def is_closed_folder(path: Path) -> bool:
    """Whether `files_below` returned a folder because it cannot be read."""
    return path.is_dir() and not is_recording_folder(path)


def ending(path: Path) -> str:
    """The suffix in lower case, that of the file inside a gzip file."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def looks_like_recording(path: Path) -> bool:
    """Whether a file is a recording by its name, or a text file by its content; parts of recordings are not."""
    kind = ending(path)
    if kind in _TEXT:
        return absent(path) is not None or _is_table(path)
    return (kind in _READ or kind in _NOT_READ or kind in _MAYBE_EEG) and not is_part(path)


def is_recording_folder(path: Path) -> bool:
    """Whether a folder is a recording itself, by its name."""
    return path.suffix.lower() in _FOLDERS


def may_hold_eeg(path: Path) -> bool:
    """Whether a file is in a format that holds EEG among many other things, which eegstream does not read."""
    return ending(path) in _MAYBE_EEG


def is_part(path: Path) -> bool:
    """Whether a file is a part of a recording beside it."""
    kind = ending(path)
    if kind == ".fif" and (split := _SPLIT_FIF.fullmatch(path.name)):
        return path.with_name(split[1] + split[2]).exists()
    if kind == ".data":
        return not any(path.with_suffix(end).exists() for end in (".head", ".HEAD"))
    if kind != ".eeg":
        return False
    if any(path.with_suffix(end).exists() for end in (".vhdr", ".ahdr", ".VHDR", ".AHDR")):
        return True
    headers = (beside for beside in path.parent.iterdir() if beside.suffix.lower() in (".vhdr", ".ahdr"))
    return any(path.name in named_parts(header) for header in headers)


def named_parts(header: Path) -> list[str]:
    """Names of the files that a text header refers to."""
    if header.suffix.lower() not in _TEXT_HEADERS:
        return []
    try:
        with header.open("rb") as file:
            content = file.read(_HEADER_BYTES)
    except OSError:
        return []
    found = re.findall(rb"^\s*(?:DataFile|MarkerFile|File)\s*=\s*(.+?)\s*$", content, re.MULTILINE | re.IGNORECASE)
    stem = header.stem.encode()
    names = [name.replace(b"$b", stem).decode("utf-8", "replace") for name in found]
    return [name for name in map(ntpath.basename, names) if name]


def left_out_because(path: Path) -> str | None:
    """Why a recording cannot be read at all: its content is missing, or its format is not supported. Else None."""
    if why := absent(path):
        return why
    if is_closed_folder(path):
        return "it is a folder that cannot be read"
    if may_hold_eeg(path):
        return f"{path.suffix} is not supported: export EDF or BrainVision, or write a DataLoader of your own"
    if ending(path) in _NOT_READ:
        try:
            refuse_by_name(path)
        except RecordingError as error:
            return error.message
    return _absent_inside(path) if path.is_dir() else _absent_samples(path)


def absent(path: Path) -> str | None:
    """Why there is no content at a path; None if there is content."""
    try:
        if path.is_symlink() and not path.exists():
            where = str(path.readlink())
            return f"it is a broken link{_hint(where.encode()) or f' ({where})'}"
        if not path.exists():
            return "the file does not exist"
        return None if path.is_dir() else _no_content(path)
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"


def _no_content(path: Path) -> str | None:
    """Why a path that is not a folder has no content."""
    if not path.is_file():
        return "it is not a regular file"
    if path.stat().st_size > _LARGEST_POINTER_BYTES:
        return None
    content = path.read_bytes()
    return f"it is a pointer to its content{_hint(content)}" if content.startswith(_POINTERS) else None


def _hint(where: bytes) -> str:
    """How to fetch the content that a link or a pointer stands for."""
    if b"git-lfs" in where:
        return ", which is not on this machine: fetch it with `git lfs pull`"
    if b"annex/objects" in where:
        return ", its content is not on this machine: fetch it with `git annex get` or `datalad get`"
    return ""


def _absent_inside(folder: Path) -> str | None:
    """Why a part of a recording that is a folder has no content."""
    reasons = ((part.name, absent(part)) for part in sorted(folder.rglob("*")))
    return next((f"{name} inside: {why}" for name, why in reasons if why), None)


def _absent_samples(header: Path) -> str | None:
    """Why the samples of a header have no content; None if they have, or if only the reader can find out."""
    if header.suffix.lower() not in HEADERS:
        return None
    named = [header.with_name(name) for name in named_parts(header)]
    own = [header.with_suffix(end) for end in _SAMPLES if end != header.suffix.lower()]
    for part in dict.fromkeys([*named, *own]):
        if (part.is_symlink() or part.exists()) and (why := absent(part)):
            return f"its samples are in {part.name}: {why}"
    return None


def _is_table(path: Path) -> bool:
    """Whether a text file has rows of numbers."""
    try:
        with path.open("rb") as file:
            lines = file.read(_PROBE_BYTES).decode("latin-1").splitlines()
    except OSError:
        return True
    return sum(_is_row(line) for line in lines) >= 3 or any("openbci" in line.lower() for line in lines[:3])


def _is_row(line: str) -> bool:
    cells = re.findall(r"[^\s,;]+", line)
    numbers = [cell for cell in cells if re.fullmatch(r"[-+]?\d+(?:[.,]\d*)?(?:e[-+]?\d+)?|[0-9A-F]{2,8}", cell, re.I)]
    return len(numbers) >= 2 and 2 * len(numbers) > len(cells)
