"""Derive the subjects of recordings from their paths, if no rule is given.

Rules are tried in order. If a name can be read in two ways, the reading with fewer subjects is taken: one subject too
few is noticed, since nobody can then be held out; one too many may put the same person on two sides.
"""

import os
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:[0-2]\d|3[01])"
    r"(?:[T_ -]\d\d[-:.h_]?\d\d(?:[-:.m_]?\d\d)?)?(?!\d)"  # and the time
)
_RULES = (
    # BIDS: sub-01/eeg/sub-01_task-rest_eeg.edf
    re.compile(r"(?:^|[/_])sub-([A-Za-z0-9]+)"),
    # a word for a person and a number, in a folder or in the name: muse_subject103.csv, patient 7/rest.edf
    re.compile(
        r"(?:^|[^A-Za-z])((?:subject|subj|sub|participant|patient|person|proband|vp|pp)[ _-]?\d+)", re.IGNORECASE
    ),
    # a folder whose name is S or P and a number: P01/rest.edf
    re.compile(r"(?:^|/)([SP]\d+)/", re.IGNORECASE),
    # Sleep-EDF, where a digit for the night follows without a separator: SC4001E0.edf
    re.compile(r"(?:^|/)(S[CT][47]\d\d)\d[A-Z]\w(?:-\w+)?\.[^/]*$"),
    # BCI Competition IV 2b, where two for the session follow: B0101T.gdf
    re.compile(r"(?:^|/)(B0\d)0\d[TE]\.[^/]*$"),
    # S or P and two digits or more, between separators: rest_S01.edf
    re.compile(r"(?:^|[/_-])([SP]\d{2,})(?=[_.-])[^/]*$"),
)
_RECORDING = re.compile(
    r"(?:rest|resting|run|ses|session|trial|task|block|rec|recording|record|eeg|raw|data|signal|file|day|night|visit|"
    r"baseline|eyes|open|closed|eo|ec|part|segment|export)s?[ _-]?\d*(?![A-Za-z])",
    re.IGNORECASE,
)
"""Names that describe the recording, not the subject."""
_NUMBERED = re.compile(r"[A-Za-z]+\d+")
_FIRST_PART = re.compile(r"[^_\-. ]+")


def subjects_of(paths: Sequence[str]) -> list[str]:
    """The subject of each of a data set's paths below its root."""
    shared = os.path.commonpath([PurePosixPath(path).parent for path in paths]) if paths else ""
    below = [PurePosixPath(path).relative_to(shared).as_posix() for path in paths]
    ruled = [subject_by_rule(path) for path in paths]
    found = [
        rule or _by_name(path) or _folder(path) or _first_part(path) for rule, path in zip(ruled, below, strict=True)
    ]
    if len({*found}) == 1 and not any(ruled):  # one name in every folder, such as oddball.edf
        return [_folder(path) or subject for path, subject in zip(below, found, strict=True)]
    return found


def subject_by_rule(path: str) -> str | None:
    """The subject that a path names in a known way, by the first rule that matches; None if it names none."""
    undated = _DATE.sub("", path)
    return next((match[1] for rule in _RULES if (match := rule.search(undated))), None)


def _by_name(path: str) -> str | None:
    """Letters and a number at the start of the name, else its first part; None for dates and descriptions."""
    name = _DATE.sub("", PurePosixPath(path).name).lstrip("_-. ")
    if "." not in name or _RECORDING.match(name):
        return None
    match = _NUMBERED.match(name) or _FIRST_PART.match(name)
    return match[0] if match else None


def _folder(path: str) -> str:
    """The outermost folder, if there is one."""
    return PurePosixPath(path).parts[0] if "/" in path else ""


def _first_part(path: str) -> str:
    match = _FIRST_PART.match(PurePosixPath(path).name)
    return match[0] if match else path
