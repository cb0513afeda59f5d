"""The names of a recording: data set, subject, session, task, run."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from eegstream.files.bids_names import entities
from eegstream.files.subjects import subject_by_rule

_OWN_ENDING = re.compile(r"(?:_desc-[A-Za-z0-9]+)?_codes$")


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
    def of_path(
        cls, path: str | PurePath, dataset: str | None = None, recording: str | None = None
    ) -> "RecordingNames":
        """The names of a file, which are those of BIDS (`sub-01_ses-2_task-rest_run-1_eeg.edf`).

        `recording` is its name, which may have folders; without one it is the file's name without its endings, also
        those of eegstream's own. A name that is not of BIDS tells a subject at most (`Subject07_2.edf`).
        """
        name = PurePath(path).name
        stem = re.sub(r"(?:\.codes)?\.(?:mcap|parquet)$|\.[^.]*$", "", name)
        own = recording or _OWN_ENDING.sub("", stem) or stem
        found = entities(f"{own.rpartition('/')[2]}_")
        return cls(
            recording=own,
            dataset=dataset,
            subject=found.get("sub") or subject_by_rule(f"{own}{PurePath(path).suffix}"),
            session=found.get("ses"),
            task=found.get("task"),
            run=found.get("run"),
        )
