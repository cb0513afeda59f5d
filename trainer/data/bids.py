"""Find the EEG recordings of a BIDS data set.

Pernet, Appelhoff, Gorgolewski, Flandin, Phillips, Delorme, Oostenveld: EEG-BIDS, 2019.
"""

import csv
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError
from trainer.data.corpora import Corpus
from trainer.data.selections import require_folder
from trainer.data.splits import Source, SplitRule

EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set")
"""What EEG-BIDS allows."""


def bids(
    root: str,
    tasks: Sequence[str] | None = None,
    hold_out_share: float = 0.2,
    hold_out: Sequence[Any] = (),
    split_file: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Every EEG recording of a BIDS data set, or those of some tasks; derivatives are left out.

    Raises:
        ConfigError: mne-bids is not installed, there is no recording, or they do not make a split.
    """
    try:
        from mne_bids import find_matching_paths  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ConfigError("reading a BIDS data set needs mne-bids", "Install eegstream with the extra `bids`") from None
    below = Path(root).expanduser()
    require_folder(below)
    with warnings.catch_warnings(action="ignore"):  # mne-bids remarks on names; what is found is written out
        found = find_matching_paths(
            below, tasks=tasks, suffixes="eeg", datatypes="eeg", extensions=list(EXTENSIONS), ignore_nosub=True
        )
        sources = [
            Source(below.name, path.subject, str(path.fpath), _channels(path))
            for path in sorted(found, key=lambda path: str(path.fpath))
            if "derivatives" not in path.fpath.relative_to(below).parts
        ]
    if not sources:
        raise ConfigError(
            f"{below} holds no EEG recording in BIDS form" + (f" of task {', '.join(tasks)}" if tasks else ""),
            "Give the folder with dataset_description.json, below which sub-*/eeg/*_eeg.edf lie",
        )
    return Corpus(
        SplitRule(hold_out_share, tuple(map(str, hold_out)), split_file, seed)(sources),
        attributions={below.name: _attribution(below)},
        root=below,
    )


def _channels(path: Any) -> str | None:
    """The channels.tsv that belongs to a recording, wherever BIDS lets it stand."""
    found = path.find_matching_sidecar(suffix="channels", extension=".tsv", on_error="ignore")
    return None if found is None else str(found)


def _attribution(root: Path) -> str:
    try:
        said = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
        return f"{said['Name']}: {', '.join(said.get('Authors', []))}; {said.get('License', 'licence not stated')}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def read_channels(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a channels.tsv by channel name: `type`, `units`, `status` and what else it has.

    Raises:
        ConfigError: it is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["name"].strip(): row for row in csv.DictReader(file, delimiter="\t")}
    except (OSError, KeyError, UnicodeDecodeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no channels.tsv ({type(error).__name__}: {error})", "Correct it; BIDS wants a column `name`"
        ) from None
