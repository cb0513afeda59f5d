"""Find the EEG recordings of a BIDS data set, and the tables that belong to them.

Pernet, Appelhoff, Gorgolewski, Flandin, Phillips, Delorme, Oostenveld: EEG-BIDS, 2019.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError
from trainer.data.corpora import Corpus, split_by
from trainer.data.left_out import Skipped, with_left_out
from trainer.data.recording_files import ending, files_below, is_closed_folder, left_out_because, looks_like_recording
from trainer.data.sources.path_patterns import is_ignored
from trainer.data.sources.selections import require_folder
from trainer.data.splits import RecordingSource, SplitRule

EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set")
"""The formats of EEG-BIDS."""
_DATA_TYPE = "eeg"
_CHANNELS = "_channels.tsv"


def bids(
    root: str,
    tasks: Sequence[str] | None = None,
    hold_out_share: float = 0.2,
    hold_out: Sequence[Any] = (),
    split_file: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Every EEG recording of a BIDS data set, or those of some tasks.

    Only folders of subjects are searched, not sourcedata, derivatives, code, hidden folders or paths in .bidsignore.

    Raises:
        ConfigError: there is no recording, or no split can be made.
    """
    below = Path(root).expanduser()
    require_folder(below)
    sources: list[RecordingSource] = []
    left_out: list[Skipped] = []
    for path in _candidates(below, tasks):
        why = _no_bids(path) or left_out_because(path)
        if why is None:
            sources.append(RecordingSource(below.name, _entities(path.name)["sub"], str(path), _channels(path, below)))
        else:
            left_out.append(Skipped(path.relative_to(below).as_posix(), why, below.name))
    if not sources:
        error = ConfigError(
            f"{below} has no EEG recording in BIDS form" + (f" of task {', '.join(tasks)}" if tasks else ""),
            "Give the folder with dataset_description.json and recordings such as sub-01/eeg/sub-01_task-rest_eeg.edf",
        )
        raise with_left_out(error, left_out)
    rule = SplitRule(hold_out_share, tuple(map(str, hold_out)), split_file, seed)
    return Corpus(
        split_by(rule, sources, left_out),
        attributions={below.name: _attribution(below)},
        root=below,
        left_out=tuple(left_out),
        drawn_by=rule if rule.draws else None,
    )


def _candidates(root: Path, tasks: Sequence[str] | None) -> Iterator[Path]:
    """Files in the subjects' folders `eeg` that look like recordings, in the order of their paths."""
    ignored = _rules(root)
    for subject in sorted(root.glob("sub-*")):
        for path in sorted(files_below(subject)) if subject.is_dir() else ():
            shown = path.relative_to(root)
            if is_closed_folder(path):
                yield path
            elif _DATA_TYPE not in shown.parts[:-1] or is_ignored(shown.as_posix(), ignored):
                continue
            elif looks_like_recording(path) and (tasks is None or _entities(path.name).get("task") in tasks):
                yield path


def _rules(root: Path) -> list[str]:
    try:
        return (root / ".bidsignore").read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        return []


def _no_bids(path: Path) -> str | None:
    """Why a file in a folder `eeg` is not a recording of the data set; None if it is one."""
    if is_closed_folder(path):
        return None
    if path.suffix.lower() not in EXTENSIONS:
        return f"{ending(path)} is not a format of EEG-BIDS, expected {', '.join(EXTENSIONS)}"
    if path.stem.rpartition("_")[2].lower() != _DATA_TYPE or "sub" not in _entities(path.name):
        return "its name is not a BIDS name of a recording, expected sub-LABEL_..._eeg"
    return None


def _entities(name: str) -> dict[str, str]:
    """The entities of a BIDS name: {"sub": "01", "task": "rest"}."""
    return dict(re.findall(r"(?:^|_)([a-zA-Z]+)-([a-zA-Z0-9+]+)(?=[_.])", name))


def _channels(recording: Path, root: Path) -> str | None:
    """The channels.tsv of a recording, by the inheritance principle of BIDS.

    It is the nearest one, from the recording's folder up to the root, whose entities are all the recording's.
    """
    own = _entities(recording.name).items()
    folder = recording.parent
    while True:
        tables = [path for path in sorted(folder.glob(f"*{_CHANNELS[1:]}")) if _is_table(path)]
        fitting = [path for path in tables if _entities(path.name).items() <= own]
        if fitting:
            return str(max(fitting, key=lambda path: len(_entities(path.name))))
        if folder == root:
            return None
        folder = folder.parent


def _is_table(path: Path) -> bool:
    return path.name == _CHANNELS[1:] or path.name.endswith(_CHANNELS)


def _attribution(root: Path) -> str:
    try:
        said = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
        return f"{said['Name']}: {', '.join(said.get('Authors', []))}; {said.get('License', 'licence not stated')}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
