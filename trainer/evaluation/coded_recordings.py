"""A part of each recording with its codes, to ask what the codes say.

C channels, P patches, N samples in a patch, G codes of a patch.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.downstream import Task
from trainer.evaluation.whole_recordings import Recorded
from trainer.evaluation.windowed_codec import WindowedCodec

_HELD_BACK = 6
"""Of so many training subjects one chooses settings, and is not fitted to."""


@dataclass(frozen=True)
class Coded:
    """Consecutive patches of a recording, and their codes."""

    recording: Recorded
    """Cut to these patches."""
    patches_uv: NDArray[np.float32]
    """(C, P, N)"""
    codes: NDArray[np.int64]
    """(C, P, G)"""
    use: str
    """`fit`, `choose` (subjects of the training side that choose settings), `val` or `test`."""

    @property
    def patch_s(self) -> float:
        """Seconds of a patch."""
        return float(self.patches_uv.shape[2] / self.recording.sampled_hz)


def coded(codec: WindowedCodec, recordings: Sequence[Recorded], tasks: Iterable[Task], seconds: float) -> list[Coded]:
    """The middle of each recording, so many seconds, encoded; of other devices only what a task asks for."""
    asked = list(tasks)
    uses = _uses(recordings)
    found = []
    for recording, use in zip(recordings, uses, strict=True):
        if use == "test" and not any(_concerns(task, recording) for task in asked):
            continue
        cut = _middle(recording, codec.patch, seconds)
        channels, samples = cut.samples_uv.shape
        if samples:
            patches = cut.samples_uv.reshape(channels, -1, codec.patch)
            codes = codec.encode(patches.reshape(-1, codec.patch), cut.source_hz).numpy().astype(np.int64)
            found.append(Coded(cut, patches, codes.reshape(channels, patches.shape[1], -1), use))
    return found


def _concerns(task: Task, recording: Recorded) -> bool:
    return recording.data_set == task.data_set and any(re.search(name, recording.file) for name in task.classes)


def _middle(recording: Recorded, patch: int, seconds: float) -> Recorded:
    samples_uv = recording.samples_uv
    kept = min(samples_uv.shape[1], round(seconds * recording.sampled_hz)) // patch * patch
    first = (samples_uv.shape[1] - kept) // 2
    middle = np.array(samples_uv[:, first : first + kept], order="C")
    return Recorded(
        recording.data_set,
        recording.subject,
        recording.file,
        middle,
        recording.sampled_hz,
        recording.source_hz,
        recording.side,
    )


def _uses(recordings: Sequence[Recorded]) -> list[str]:
    """What each recording is for; every sixth training subject of a data set chooses settings."""
    subjects: dict[str, list[str]] = {}
    for recording in recordings:
        known = subjects.setdefault(recording.data_set, [])
        if recording.side == "train" and recording.subject not in known:
            known.append(recording.subject)
    choosing = {
        (name, subject)
        for name, people in subjects.items()
        for subject in sorted(people)[1 :: min(_HELD_BACK, max(len(people), 1))]
    }
    return [
        ("choose" if (one.data_set, one.subject) in choosing else "fit") if one.side == "train" else one.side
        for one in recordings
    ]
