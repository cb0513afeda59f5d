"""The names of a recording: data set, subject, session, task, run."""

import re
from dataclasses import dataclass
from pathlib import PurePath

_ENTITY = re.compile(r"(?:^|[_/])(sub|ses|task|run)-([A-Za-z0-9]+)")
_COLUMNS = {"sub": "subject", "ses": "session", "task": "task", "run": "run"}


@dataclass(frozen=True)
class RecordingNames:
    """What is known of a recording besides its signal; None for what is not."""

    recording: str
    """Unique in its table."""
    dataset: str | None = None
    subject: str | None = None
    session: str | None = None
    task: str | None = None
    run: str | None = None

    @classmethod
    def of_path(cls, path: str | PurePath, dataset: str | None = None) -> "RecordingNames":
        """The names of a file by BIDS (`sub-01_ses-2_task-rest_run-1_eeg.edf`); the recording is its stem.

        Endings of eegstream's own (`.codes.mcap`, `_desc-NAME_codes`) are no part of the recording's name.
        """
        name = PurePath(path).name
        found = {_COLUMNS[key]: value for key, value in _ENTITY.findall(name)}
        stem = re.sub(r"(?:\.codes)?\.(?:mcap|parquet)$|\.[^.]*$", "", name)
        return cls(recording=re.sub(r"(?:_desc-[A-Za-z0-9]+)?_codes$", "", stem) or stem, dataset=dataset, **found)
