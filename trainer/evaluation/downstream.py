"""How well a classifier works on reconstructions: two-class tasks on log band powers, with shrinkage LDA.

C channels, T samples, W windows, F features.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import signal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trainer.evaluation.bootstrap import COVERAGE, drawn
from trainer.evaluation.metrics import BANDS_HZ
from trainer.evaluation.whole_recordings import Recorded

Floats = NDArray[np.float64]
Features = Callable[[Recorded, float], Floats]

_BANDS = ("delta", "theta", "alpha", "beta", "gamma")
_BLOCKS = 5


class Task(BaseModel):
    """A classification task: the classifier assigns windows of a data set to one of two classes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_set: str
    classes: tuple[str, str]
    """Regular expressions, searched in a recording's file name."""
    window_s: float
    across_subjects: bool
    """Cross-validation over subjects; if false, over blocks of time of a single subject."""
    title: str


def band_features(recording: Recorded, window_s: float) -> Floats:
    """Log power (W, 5 C) of the five bands up to 45 Hz, channel by channel, in windows that follow each other."""
    size = round(window_s * recording.sampled_hz)
    count = recording.samples_uv.shape[1] // size
    if count == 0:
        return np.empty((0, len(_BANDS) * len(recording.samples_uv)))
    windows = recording.samples_uv[:, : count * size].reshape(len(recording.samples_uv), count, size)
    frequency_hz, power = signal.periodogram(
        windows.astype(np.float64), recording.sampled_hz, window="hann", detrend="constant"
    )
    floor = 1e-6 * float(power.mean())
    bands = [
        np.log(power[..., (frequency_hz >= low) & (frequency_hz < high)].mean(axis=-1) + floor)
        for low, high in (BANDS_HZ[name] for name in _BANDS)
    ]
    return np.stack(bands, axis=-1).transpose(1, 0, 2).reshape(count, -1)


@dataclass(frozen=True)
class _Asked:
    """The windows of a task."""

    features: Floats
    """(W, F)"""
    labels: NDArray[np.int64]
    """(W,)"""
    subjects: NDArray[np.str_]
    """(W,)"""
    left_out: NDArray[np.int64]
    """Cross-validation group (W,) of each window."""


def _asked(task: Task, recordings: Sequence[Recorded], features_of: Features) -> _Asked | None:
    features, labels, subjects, blocks = [], [], [], []
    for recording in recordings:
        label = next((n for n, pattern in enumerate(task.classes) if re.search(pattern, recording.file)), None)
        if recording.data_set != task.data_set or label is None:
            continue
        own = features_of(recording, task.window_s)
        features.append(own)
        labels += [label] * len(own)
        subjects += [recording.subject] * len(own)
        blocks += (np.arange(len(own)) * _BLOCKS // max(len(own), 1)).tolist()
    if not labels:
        return None
    x, who = np.concatenate(features), np.array(subjects)
    if task.across_subjects:
        for subject in np.unique(who):  # a subject's mean amplitude is independent of the class
            own = x[who == subject]
            x[who == subject] = (own - own.mean(axis=0)) / (own.std(axis=0) + 1e-9)
    left_out = np.unique(who if task.across_subjects else np.array(blocks), return_inverse=True)[1]
    return _Asked(x, np.array(labels), who, left_out.astype(np.int64))


def _can_be_told(asked: _Asked) -> bool:
    groups = np.unique(asked.left_out)
    return len(groups) > 1 and all(len(np.unique(asked.labels[asked.left_out != group])) == 2 for group in groups)


def answer(task: Task, recordings: Sequence[Recorded]) -> dict[str, Any]:
    """Share of correctly classified windows, with an interval over subjects (or blocks), and the chance level.

    Raises:
        ValueError: there is no window of either class.
    """
    asked = _asked(task, recordings, band_features)
    if asked is None:
        raise ValueError(f"no recording of {task.data_set} has a name that matches one of {', '.join(task.classes)}")
    return _answer(task, asked)


def _answer(task: Task, asked: _Asked) -> dict[str, Any]:
    y, left_out = asked.labels, asked.left_out
    right = _told_right(asked.features, y, left_out)
    draws = drawn(left_out)
    hits = np.bincount(left_out, weights=right)
    sizes = np.bincount(left_out)
    low, high = np.quantile((draws @ hits) / (draws @ sizes), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return {
        "task": task.title,
        "accuracy": float(right.mean()),
        "interval": (float(low), float(high)),
        "over": "subjects" if task.across_subjects else "blocks of time",
        "chance": float(max(y.mean(), 1 - y.mean())),
        "windows": len(y),
        "subjects": len(np.unique(asked.subjects)),
    }


def _told_right(x: Floats, y: NDArray[np.integer], left_out: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each window is classified correctly by a classifier that was fitted without its group."""
    right = np.zeros(len(y), bool)
    for group in np.unique(left_out):
        inside = left_out == group
        classifier = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
        classifier.fit(x[~inside], y[~inside])
        right[inside] = classifier.predict(x[inside]) == y[inside]
    return right


def answers(
    tasks: Mapping[str, Task], recordings: Sequence[Recorded], features_of: Features = band_features
) -> dict[str, dict[str, Any]]:
    """Results of every task whose two classes both remain whenever a group is left out.

    `features_of` gives features (W, F) of a recording's windows, so many seconds each.
    """
    found = {}
    for name, task in tasks.items():
        asked = _asked(task, recordings, features_of)
        if asked is not None and _can_be_told(asked):
            found[name] = _answer(task, asked)
    return found
