"""Prepare the recordings of a corpus in the cache: in this process, in several, or on Dask workers.

A recording that cannot be used is reported, never dropped silently.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError, EegstreamError
from eegstream.workers.dask_cluster import DaskCluster
from eegstream.workers.left_out import Account, Skipped
from eegstream.workers.processes import cores, in_processes
from eegstream.workers.progress import progress
from eegstream.workers.spreading import Lost, Spreading, here
from trainer.data.cache import Entry, SignalCache
from trainer.data.front_ended import Part, Signal, as_sent
from trainer.data.left_out import in_settings, unusable
from trainer.data.reading import read_source
from trainer.data.recording_overrides import RecordingOverrides
from trainer.data.splits import RecordingSource

LOCAL = "local"
_LITTLE = 64 << 20
"""Bytes of recordings that one process prepares in the time that others take to start."""
_MADE_UP = 8 << 20
"""Assumed size in bytes of a recording that is not a file."""


@dataclass(frozen=True)
class Job:
    """All that a worker needs to prepare one recording."""

    source: RecordingSource
    frontend: FrontEndSettings
    rates_hz: tuple[float, ...]
    """Rates of devices to imitate, beside the recording's own."""
    cache: SignalCache
    overrides: RecordingOverrides = field(default_factory=RecordingOverrides)

    def key(self, content: str, rate_hz: float | None, part: int) -> str:
        """The name of an entry; None is the part's own rate."""
        return self.cache.key(content, self.frontend, rate_hz, self.overrides, part)


@dataclass(frozen=True)
class Unusable:
    """Why a recording cannot be used."""

    why: str


@dataclass(frozen=True)
class Prepared:
    """A recording that can be used."""

    name: str
    signals: list[Signal]
    """Pieces without a gap, at the recording's own rate and as other devices would have sent them."""
    is_new: bool
    """It was not in the cache yet."""
    remarks: tuple[str, ...] = ()
    """Irregularities of the recording, and assumptions about it."""
    lost: tuple[str, ...] = ()
    """EEG streams of the recording that cannot be used, and why."""
    data_set: str = "recordings"

    @property
    def longest(self) -> int:
        """Samples of the longest signal."""
        return max((signal.samples_uv.shape[1] for signal in self.signals), default=0)


@dataclass(frozen=True)
class Side:
    """The recordings of a side, and what was left out."""

    recordings: list[Prepared]
    skipped: Account

    @property
    def signals(self) -> list[Signal]:
        """All signals of all recordings."""
        return [signal for recording in self.recordings for signal in recording.signals]


Keys = tuple[str, ...]
"""Names of a recording's entries in the cache; the first is that of the first part at its own rate."""


def prepare(jobs: Sequence[Job], scheduler: str | None, *, strict: bool) -> list[Prepared | Skipped]:
    """The recordings of all jobs, from the cache; those that it lacks are prepared first.

    `scheduler` is None for this process, "local" for processes of this machine, else the address of a Dask scheduler.

    Raises:
        ConfigError: a recording cannot be used and `strict` is set, or a worker fails.
    """
    outcomes: dict[int, Keys | Unusable] = {}
    waiting = []
    for number, job in enumerate(jobs):
        keys = _cached(job)
        if keys is None:
            waiting.append(number)
        else:
            outcomes[number] = keys
    _prepare_all([jobs[number] for number in waiting], waiting, outcomes, scheduler, strict=strict)
    new = {*waiting}
    return [_opened(job, outcomes[number], is_new=number in new) for number, job in enumerate(jobs)]


def _opened(job: Job, outcome: Keys | Unusable, *, is_new: bool) -> Prepared | Skipped:
    name = _name(job)
    if isinstance(outcome, Unusable):
        return Skipped(name, outcome.why, job.source.data_set)
    entries = [_entry(job, key) for key in outcome]
    signals = [
        Signal(job.source.data_set, job.source.subject, entry.rate_hz, samples_uv)
        for key, entry in zip(outcome, entries, strict=True)
        for samples_uv in job.cache.segments(key, entry)
    ]
    remarks = dict.fromkeys(remark for entry in entries for remark in entry.remarks)
    return Prepared(name, signals, is_new, tuple(remarks), entries[0].lost, job.source.data_set)


def _entry(job: Job, key: str) -> Entry:
    entry = job.cache.find(key)
    if entry is None:
        raise ConfigError(
            f"the cache entry of {_name(job)} is not in {job.cache.folder}, although a worker prepared it",
            "Set data.cache to a folder that all workers share",
        )
    return entry


def prepare_one(job: Job) -> Keys | Unusable:
    """Prepare one recording in the cache; the keys of its entries, the first part at its own rate first."""
    try:
        content = job.cache.read_content(job.source)
        found = read_source(job.source, job.frontend, job.overrides)
        keys: list[str] = []
        for number, part in reversed(list(enumerate(found.parts))):
            rates_hz = (None, *(rate_hz for rate_hz in job.rates_hz if rate_hz != part.rate_hz))
            for rate_hz in reversed(rates_hz):
                keys.insert(0, job.key(content, rate_hz, number))
                if job.cache.find(keys[0]) is None:
                    segments = part.segments if rate_hz is None else as_sent(part, job.frontend, rate_hz)
                    entry = _described(part, rate_hz, segments, len(found.parts), found.lost if number == 0 else ())
                    job.cache.put(keys[0], entry, segments)
    except EegstreamError as error:
        return Unusable(in_settings(error.message))
    except OSError as error:
        return Unusable(f"{job.source.path} cannot be read ({error.strerror or error})")
    return tuple(keys)


def _described(
    part: Part, rate_hz: float | None, segments: Sequence[NDArray[np.float32]], parts: int, lost: tuple[str, ...]
) -> Entry:
    """The entry of a part at a rate; None is its own rate."""
    remarks = dict.fromkeys((*part.recording.remarks, *part.selection.notes, *part.remarks))
    return Entry(
        rate_hz=rate_hz or part.rate_hz,
        labels=part.selection.labels,
        left_out=tuple(out.label for out in part.selection.left_out),
        lengths=tuple(x.shape[1] for x in segments),
        remarks=tuple(map(in_settings, remarks)),
        parts=parts,
        lost=tuple(map(in_settings, lost)),
    )


def _cached(job: Job) -> Keys | None:
    """The keys of a recording, if all its entries exist; else None."""
    try:
        content = job.cache.known_content(job.source)
    except OSError:
        return None
    if content is None:
        return None
    first = job.cache.find(job.key(content, None, 0))
    keys: list[str] = []
    for number in range(first.parts if first else 0):
        own = job.cache.find(job.key(content, None, number))
        if own is None:
            return None
        rates_hz = (None, *(rate_hz for rate_hz in job.rates_hz if rate_hz != own.rate_hz))
        keys += [job.key(content, rate_hz, number) for rate_hz in rates_hz]
    return tuple(keys) if keys and all(map(job.cache.find, keys)) else None


def _prepare_all(
    jobs: Sequence[Job],
    numbers: Sequence[int],
    outcomes: dict[int, Keys | Unusable],
    scheduler: str | None,
    *,
    strict: bool,
) -> None:
    """Add the outcome of each job under its number."""
    sizes = [_size(job) for job in jobs]
    with ExitStack() as stack:
        spread, workers = _way(sizes, scheduler, stack)
        bar = stack.enter_context(progress("preparing recordings", sizes, lambda: workers))
        for index, outcome in spread(_timed, jobs):
            if isinstance(outcome, Lost):
                raise ConfigError(
                    f"{_name(jobs[index])} cannot be prepared: {outcome.why}",
                    "Give workers more memory, or leave the recording out",
                )
            if strict and isinstance(outcome.of, Unusable):
                raise unusable([Skipped(_name(jobs[index]), outcome.of.why)])
            outcomes[numbers[index]] = outcome.of
            bar.finished(sizes[index], outcome.seconds)


def _way(sizes: Sequence[int], scheduler: str | None, stack: ExitStack) -> tuple[Spreading, int]:
    """Where the jobs are done, and how many at the same time."""
    if scheduler is None or not sizes or (scheduler == LOCAL and sum(sizes) <= _LITTLE):
        return here, 1
    if scheduler == LOCAL:
        return in_processes(cores()), cores()
    cluster = stack.enter_context(DaskCluster(scheduler, "data.scheduler"))
    return cluster, cluster.threads


@dataclass(frozen=True)
class _Timed:
    of: Keys | Unusable
    seconds: float


def _timed(job: Job) -> _Timed:
    started_s = time.perf_counter()
    return _Timed(prepare_one(job), time.perf_counter() - started_s)


def _size(job: Job) -> int:
    path = Path(job.source.path)
    return path.stat().st_size if path.is_file() else _MADE_UP


def _name(job: Job) -> str:
    return Path(job.source.path).name
