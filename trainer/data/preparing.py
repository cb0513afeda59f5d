"""Bring a corpus into the cache: in this process, on a local cluster, or on Dask workers anywhere.

A recording that cannot be used is told, never silently dropped.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError, EegstreamError
from eegstream.files.recordings import read_recording
from trainer.data.bids import read_channels
from trainer.data.cache import Entry, SignalCache
from trainer.data.signals import Signal, front_ended, usable_channels
from trainer.data.splits import Source

LOCAL = "local"
_PATIENCE_S = 10.0
_LITTLE = 64 << 20
"""So many bytes of recordings are prepared in the seconds that the processes of a cluster take to start."""
_MADE_UP = 8 << 20
"""Bytes that a recording counts for which is no file."""


@dataclass(frozen=True)
class Job:
    """What one worker needs to know to prepare one recording."""

    source: Source
    frontend: FrontEndSettings
    rates_hz: tuple[float, ...]
    """Devices to imitate beside the recording's own."""
    cache: SignalCache


@dataclass(frozen=True)
class Unusable:
    """Why a recording cannot be used."""

    why: str


@dataclass(frozen=True)
class Skipped:
    """A recording that is left out."""

    name: str
    why: str

    def __str__(self) -> str:
        return self.why if self.name in self.why else f"{self.name}: {self.why}"


@dataclass(frozen=True)
class Prepared:
    """A recording that can be used."""

    name: str
    signals: list[Signal]
    """Gapless pieces, at the recording's own rate and as other devices would have sent them."""
    is_new: bool
    """It was not in the cache yet."""

    @property
    def longest(self) -> int:
        """Samples of the longest signal."""
        return max((signal.samples_uv.shape[1] for signal in self.signals), default=0)


@dataclass(frozen=True)
class Side:
    """The recordings of a side, and what was left out."""

    recordings: list[Prepared]
    skipped: list[Skipped]

    @property
    def signals(self) -> list[Signal]:
        """All signals of all recordings."""
        return [signal for recording in self.recordings for signal in recording.signals]


Keys = tuple[str, ...]
"""Names of a recording's entries in the cache, that of its own rate first."""


def prepare(jobs: Sequence[Job], scheduler: str | None, *, strict: bool) -> list[Prepared | Skipped]:
    """Every job's recording, from the cache; what is not there yet is prepared first.

    `scheduler` is None for this process, "local" for processes of this machine, else a Dask scheduler's address.

    Raises:
        ConfigError: a recording cannot be used and `strict` is set, or a worker cannot do its work.
    """
    outcomes: dict[int, Keys | Unusable] = {}
    waiting = []
    for number, job in enumerate(jobs):
        keys = _cached(job)
        if keys is None:
            waiting.append(number)
        else:
            outcomes[number] = keys
    with _progress(len(waiting)) as advance:
        for number, outcome in _prepared([jobs[number] for number in waiting], scheduler):
            if strict and isinstance(outcome, Unusable):
                raise unusable(Skipped(_name(jobs[waiting[number]]), outcome.why))
            outcomes[waiting[number]] = outcome
            advance()
    new = {*waiting}
    return [_opened(job, outcomes[number], is_new=number in new) for number, job in enumerate(jobs)]


def _opened(job: Job, outcome: Keys | Unusable, *, is_new: bool) -> Prepared | Skipped:
    name = _name(job)
    if isinstance(outcome, Unusable):
        return Skipped(name, outcome.why)
    return Prepared(name, list(_signals(job, outcome)), is_new)


def unusable(recording: Skipped) -> ConfigError:
    """The error that ends a strict run."""
    return ConfigError(
        f"{recording.name} cannot be used: {recording.why}",
        "Repair or remove it, or leave such recordings out with data.strict=false",
    )


def prepare_one(job: Job) -> Keys | Unusable:
    """Bring one recording into the cache; the keys of its entries, its own rate's first."""
    source, cache = job.source, job.cache
    try:
        content = cache.read_content(source)
        recording = read_recording(source.path)
        table = read_channels(Path(source.channels)) if source.channels else {}
        selection = usable_channels(recording, table)
        rates_hz = (None, *(rate_hz for rate_hz in job.rates_hz if rate_hz != recording.rate_hz))
        keys = tuple(cache.key(content, job.frontend, rate_hz) for rate_hz in rates_hz)
        for key, rate_hz in reversed(list(zip(keys, rates_hz, strict=True))):
            if cache.find(key) is None:
                segments = front_ended(recording, job.frontend, rate_hz, table)
                entry = Entry(
                    rate_hz=rate_hz or recording.rate_hz,
                    labels=selection.labels,
                    left_out=tuple(out.label for out in selection.left_out),
                    lengths=tuple(x.shape[1] for x in segments),
                    remarks=recording.remarks,
                )
                cache.put(key, entry, segments)
    except EegstreamError as error:
        return Unusable(error.message)
    except OSError as error:
        return Unusable(f"{source.path} cannot be read ({error.strerror or error})")
    return keys


def _cached(job: Job) -> Keys | None:
    """The keys of a recording whose entries are all there."""
    try:
        content = job.cache.known_content(job.source)
    except OSError:
        return None
    if content is None:
        return None
    own = job.cache.key(content, job.frontend, None)
    entry = job.cache.find(own)
    if entry is None:
        return None
    others = [job.cache.key(content, job.frontend, rate_hz) for rate_hz in job.rates_hz if rate_hz != entry.rate_hz]
    return (own, *others) if all(job.cache.find(key) for key in others) else None


def _signals(job: Job, keys: Keys) -> Iterator[Signal]:
    for key in keys:
        entry = job.cache.find(key)
        if entry is None:
            raise ConfigError(
                f"the cache entry of {_name(job)} is not in {job.cache.folder}, although it was prepared",
                "Let data.cache be a folder that all workers share",
            )
        for samples_uv in job.cache.segments(key, entry):
            yield Signal(job.source.data_set, job.source.subject, entry.rate_hz, samples_uv)


def _prepared(jobs: Sequence[Job], scheduler: str | None) -> Iterator[tuple[int, Keys | Unusable]]:
    """Outcomes of all jobs as they come, with each job's number."""
    if scheduler is None or not jobs or (scheduler == LOCAL and sum(map(_size, jobs)) <= _LITTLE):
        for number, job in enumerate(jobs):
            yield number, prepare_one(job)
        return
    from distributed import Client, KilledWorker, LocalCluster, as_completed  # noqa: PLC0415  (only who needs it)

    logging.getLogger("distributed").setLevel(logging.ERROR)
    with ExitStack() as stack:
        address = scheduler
        if scheduler == LOCAL:
            workers = min(len(jobs), os.cpu_count() or 1)
            address = stack.enter_context(
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)  # type: ignore[no-untyped-call]
            ).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout=_PATIENCE_S))  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"no Dask scheduler answers at {address!r} ({error})", "Correct data.scheduler, or start one there"
            ) from None
        futures = client.map(prepare_one, jobs, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            number = numbers[future.key]
            try:
                yield number, future.result()
            except KilledWorker:
                raise ConfigError(
                    f"preparing {_name(jobs[number])} ended its worker several times, perhaps for want of memory",
                    "Give workers more memory, or leave the recording out",
                ) from None


def _size(job: Job) -> int:
    path = Path(job.source.path)
    return path.stat().st_size if path.is_file() else _MADE_UP


def _name(job: Job) -> str:
    return Path(job.source.path).name


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr where somebody looks; yields what moves it on."""
    columns = (TextColumn("preparing recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not (total and sys.stderr.isatty())) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
