"""Find the EEG recordings of a BIDS data set, and read their names.

Pernet, Appelhoff, Gorgolewski, Flandin, Phillips, Delorme, Oostenveld: EEG-BIDS, 2019.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from eegstream.files.path_patterns import is_ignored
from eegstream.files.recording_files import ending, files_below, is_closed_folder, looks_like_recording

DESCRIPTION = "dataset_description.json"
EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set")
"""The formats of EEG-BIDS."""
_DATA_TYPE = "eeg"


def is_bids_root(folder: Path) -> bool:
    """Whether a folder is a BIDS data set with raw data: it has a description, and folders of subjects."""
    return (folder / DESCRIPTION).is_file() and any(path.is_dir() for path in folder.glob("sub-*"))


def candidates(root: Path, tasks: Sequence[str] | None = None) -> Iterator[Path]:
    """Files in the subjects' folders `eeg` that look like recordings, in the order of their paths.

    Not searched are sourcedata, derivatives, code, hidden folders, and paths in .bidsignore. A folder that cannot be
    read is given itself.
    """
    ignored = _rules(root)
    for subject in sorted(root.glob("sub-*")):
        for path in sorted(files_below(subject)) if subject.is_dir() else ():
            shown = path.relative_to(root)
            if is_closed_folder(path):
                yield path
            elif _DATA_TYPE not in shown.parts[:-1] or is_ignored(shown.as_posix(), ignored):
                continue
            elif looks_like_recording(path) and (tasks is None or entities(path.name).get("task") in tasks):
                yield path


def no_bids(path: Path) -> str | None:
    """Why a file in a folder `eeg` is not a recording of the data set; None if it is one."""
    if is_closed_folder(path):
        return None
    if path.suffix.lower() not in EXTENSIONS:
        return f"{ending(path)} is not a format of EEG-BIDS, expected {', '.join(EXTENSIONS)}"
    if path.stem.rpartition("_")[2].lower() != _DATA_TYPE or "sub" not in entities(path.name):
        return "its name is not a BIDS name of a recording, expected sub-LABEL_..._eeg"
    return None


def entities(name: str) -> dict[str, str]:
    """The entities of a BIDS name: {"sub": "01", "task": "rest"}."""
    return dict(re.findall(r"(?:^|_)([a-zA-Z]+)-([a-zA-Z0-9+]+)(?=[_.])", name))


def _rules(root: Path) -> list[str]:
    try:
        return (root / ".bidsignore").read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        return []
