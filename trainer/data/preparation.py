"""Prepare the recordings of a corpus in the cache: in this process, on a local cluster, or on remote Dask workers.

A recording that cannot be used is reported, never dropped silently.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError, EegstreamError
from trainer.data.cache import Entry, SignalCache
from trainer.data.front_ended import Part, Signal, as_sent
from trainer.data.left_out import Account, Skipped, in_settings, unusable
from trainer.data.progress import progress
from trainer.data.reading import read_source
from trainer.data.recording_overrides import RecordingOverrides
from trainer.data.splits import RecordingSource

LOCAL = "local"
_PATIENCE_S = 10.0
_LITTLE = 64 << 20
"""Bytes of recordings that one process prepares in the time that a cluster takes to start."""
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
    with progress(len(waiting)) as advance:
        for number, outcome in _prepared([jobs[number] for number in waiting], scheduler):
            if strict and isinstance(outcome, Unusable):
                raise unusable([Skipped(_name(jobs[waiting[number]]), outcome.why)])
            outcomes[waiting[number]] = outcome
            advance()
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


def _prepared(jobs: Sequence[Job], scheduler: str | None) -> Iterator[tuple[int, Keys | Unusable]]:
    """Outcomes of all jobs as they come, with each job's number."""
    if scheduler is None or not jobs or (scheduler == LOCAL and sum(map(_size, jobs)) <= _LITTLE):
        for number, job in enumerate(jobs):
            yield number, prepare_one(job)
        return
    from distributed import Client, KilledWorker, LocalCluster, as_completed  # noqa: PLC0415  (slow to import)

    logging.getLogger("distributed").setLevel(logging.ERROR)
    with ExitStack() as stack:
        address = scheduler
        if scheduler == LOCAL:
            workers = min(len(jobs), os.cpu_count() or 1)
            address = stack.enter_context(
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")  # type: ignore[no-untyped-call]
            ).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout=_PATIENCE_S))  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"data.scheduler is {address!r}, where no Dask scheduler answers ({error})",
                "Correct data.scheduler, or start a scheduler there",
            ) from None
        futures = client.map(prepare_one, jobs, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            number = numbers[future.key]
            try:
                yield number, future.result()
            except KilledWorker:
                raise ConfigError(
                    f"the worker that prepared {_name(jobs[number])} was killed several times; it may lack memory",
                    "Give workers more memory, or leave the recording out",
                ) from None


def _size(job: Job) -> int:
    path = Path(job.source.path)
    return path.stat().st_size if path.is_file() else _MADE_UP


def _name(job: Job) -> str:
    return Path(job.source.path).name
