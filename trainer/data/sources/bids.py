"""Find the EEG recordings of a BIDS data set, and the tables that belong to them.

Pernet, Appelhoff, Gorgolewski, Flandin, Phillips, Delorme, Oostenveld: EEG-BIDS, 2019.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError
from eegstream.files.bids_names import DESCRIPTION, candidates, entities, no_bids
from eegstream.files.recording_files import left_out_because
from eegstream.workers.left_out import Skipped
from trainer.data.corpora import Corpus, split_by
from trainer.data.left_out import with_left_out
from trainer.data.sources.selections import require_folder
from trainer.data.splits import RecordingSource, SplitRule

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
    for path in candidates(below, tasks):
        why = no_bids(path) or left_out_because(path)
        if why is None:
            sources.append(RecordingSource(below.name, entities(path.name)["sub"], str(path), _channels(path, below)))
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


def _channels(recording: Path, root: Path) -> str | None:
    """The channels.tsv of a recording, by the inheritance principle of BIDS.

    It is the nearest one, from the recording's folder up to the root, whose entities are all the recording's.
    """
    own = entities(recording.name).items()
    folder = recording.parent
    while True:
        tables = [path for path in sorted(folder.glob(f"*{_CHANNELS[1:]}")) if _is_table(path)]
        fitting = [path for path in tables if entities(path.name).items() <= own]
        if fitting:
            return str(max(fitting, key=lambda path: len(entities(path.name))))
        if folder == root:
            return None
        folder = folder.parent


def _is_table(path: Path) -> bool:
    return path.name == _CHANNELS[1:] or path.name.endswith(_CHANNELS)


def _attribution(root: Path) -> str:
    try:
        said = json.loads((root / DESCRIPTION).read_text(encoding="utf-8"))
        return f"{said['Name']}: {', '.join(said.get('Authors', []))}; {said.get('License', 'licence not stated')}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
