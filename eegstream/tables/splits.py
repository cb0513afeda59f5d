"""Assign each subject to training, validation or test."""

import hashlib

from eegstream.tables.names import RecordingNames

SPLITS = ("train", "validation", "test")
_TENTHS = ("train",) * 8 + ("validation", "test")


def split_of(names: RecordingNames) -> str:
    """The split of a recording: that of its subject, or of the recording itself if the subject is not known.

    It depends on these names alone (SHA-256 of data set and subject, in tenths: 8 train, 1 validation, 1 test). So a
    subject stays where it is whatever else is added, and whichever machine asks.
    """
    who = names.recording if names.subject is None else names.subject
    digest = hashlib.sha256(f"{names.dataset or ''}\0{who}".encode()).digest()
    return _TENTHS[int.from_bytes(digest[:8], "big") % len(_TENTHS)]
