"""Encode a corpus: find its recordings, do what the manifest does not have, and write down what became of each."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from eegstream.codec.addresses import is_path
from eegstream.codec.seen import Seen, look
from eegstream.codec.trust import require_consent
from eegstream.corpus.description import describe
from eegstream.corpus.folder import OutputFolder, opened
from eegstream.corpus.formats import FORMATS
from eegstream.corpus.manifest import Entry, Options
from eegstream.corpus.planning import Item, Wanted, is_same_work, plan, shard
from eegstream.corpus.request import Request, Summary, Tell
from eegstream.corpus.sources import Source, find_sources
from eegstream.corpus.task import Model, Result, Task, encode_one
from eegstream.errors import EegstreamError
from eegstream.workers.left_out import Skipped
from eegstream.workers.progress import WorkBar, progress
from eegstream.workers.spreading import Lost, Spreading


def encode_corpus(request: Request, spread: Spreading, workers: Callable[[], int], tell: Tell) -> Summary:
    """Encode what is missing or has changed; `workers` tells how many tasks `spread` does at the same time.

    Raises:
        BundleError: the bundle cannot be used.
        RecordingError: there is no recording.
        EegstreamError: the folder cannot be written; or `strict` is set and a recording fails.
    """
    started_s = time.monotonic()
    FORMATS[request.format].require()
    bundle = _bundle(request)
    folder = Path(os.path.abspath(request.folder))  # noqa: PTH100 - as the paths of the recordings
    found = find_sources(request.paths, folder)
    sources = list(found.sources) if request.shard is None else shard(found.sources, *request.shard)
    if found.left_out:
        tell(_left_out(found.left_out))
    wanted = Wanted(
        bundle.title, bundle.sha256, _options(request), FORMATS[request.format].suffix, request.retry_failed
    )
    with opened(folder) as output:
        planned = plan(sources, output.entries(), wanted, folder)
        summary = Summary(len(sources), len(planned.done))
        shown = {str(source.path): source.shown for source in sources}
        summary.failed += [Skipped(shown[entry.path], entry.reason or "") for entry in planned.failed]
        work = _Work(request, bundle, wanted, output, summary)
        try:
            work.do(planned.items, spread, workers)
        finally:
            output.forget()
        _describe(folder, sources, output)
    summary.seconds = time.monotonic() - started_s
    return summary


class _Work:
    """The items of one run, and what became of them."""

    def __init__(self, request: Request, bundle: Seen, wanted: Wanted, output: OutputFolder, summary: Summary) -> None:
        self._request, self._wanted, self._output, self._summary = request, wanted, output, summary
        reference = str(bundle.path.absolute()) if is_path(request.model) else bundle.title
        self._version = version("eegstream")
        self._model = Model(reference, request.trust, request.device, bundle.sha256)

    def do(self, items: Sequence[Item], spread: Spreading, workers: Callable[[], int]) -> None:
        """Do all items, mixed, so that the first ones tell how long the others take, whatever their formats."""
        items = sorted(items, key=lambda item: hashlib.sha256(item.output.encode()).digest())
        outdated = {item.output for item in items}
        self._output.forget(lambda entry: entry.output in outdated and not is_same_work(entry, self._wanted))
        tasks = [self._task(item) for item in items]
        started_s = time.monotonic()
        with (
            progress("encoding", [item.size for item in items], workers) as bar,
            closing(spread(encode_one, tasks)) as results,
        ):
            for number, result in results:
                self._settle(items[number], result)
                self._show(bar, items[number], result, time.monotonic() - started_s)

    def _task(self, item: Item) -> Task:
        return Task(
            str(item.source.path),
            str(self._output.new_file()),
            self._model,
            self._request.options,
            self._request.format,
            item.source.recording,
            item.source.dataset,
            item.known.sha256 if item.known else None,
        )

    def _settle(self, item: Item, result: Result | Lost) -> None:
        """Write down what became of an item."""
        if isinstance(result, Lost):
            result = Result(failure=result.why, size=item.size, modified_ns=item.modified_ns)
        summary = self._summary
        summary.peak_bytes = max(summary.peak_bytes, result.peak_bytes)
        if result.unwritable is not None:
            raise EegstreamError(
                f"{self._output.path} cannot be written ({result.unwritable}); "
                f"{summary.done_before + summary.encoded} of {summary.found} recordings are done and stay",
                "Correct that, and run the same command again",
            )
        if item.known is not None and result.is_as_known:
            now = {"path": str(item.source.path), "modified_ns": result.modified_ns}
            self._output.record(item.known.model_copy(update=now))
            summary.done_before += 1
        elif result.failure is not None:
            self._output.record(self._entry(item, result))
            summary.failed.append(Skipped(item.source.shown, result.failure))
            if self._request.strict:
                raise EegstreamError(
                    f"{item.source.shown} cannot be encoded: {result.failure}",
                    "Repair or remove it, or leave out --strict",
                )
        else:
            self._output.publish(Path(result.written), self._entry(item, result))
            summary.encoded += 1
            summary.eeg_s += sum(stream.seconds for stream in result.counts)
            summary.patches += sum(stream.patches for stream in result.counts)

    def _entry(self, item: Item, result: Result) -> Entry:
        return Entry(
            path=str(item.source.path),
            size=result.size,
            modified_ns=result.modified_ns,
            sha256=result.sha256,
            output=item.output,
            output_size=result.output_size,
            output_sha256=result.output_sha256,
            bundle=self._wanted.bundle,
            bundle_sha256=self._wanted.bundle_sha256,
            options=self._wanted.options,
            status="done" if result.failure is None else "failed",
            reason=result.failure,
            counts=result.counts,
            remarks=result.remarks,
            seconds=result.seconds,
            version=self._version,
        )

    def _show(self, bar: WorkBar, item: Item, result: Result | Lost, since_s: float) -> None:
        if self._summary.eeg_s and since_s > 0:
            bar.note = f"{self._summary.eeg_s / since_s:.0f} x real time"
        bar.finished(item.size, 0.0 if isinstance(result, Lost) else result.seconds)


def _bundle(request: Request) -> Seen:
    """The bundle, if it may run; it is loaded where the work is."""
    bundle = look(request.model, request.trust)
    require_consent(bundle.standing, bundle.path, bundle.sha256, request.trust)
    return bundle


def _options(request: Request) -> Options:
    """The format, and the options that may change an output, as JSON has them."""
    options = request.options
    signal = asdict(options.signal)
    choice = signal.pop("choice")
    said = {"format": request.format, "seconds": options.seconds, "stream": options.stream, **signal, **choice}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def _left_out(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"left out, being in no format of recordings, or not named as BIDS names them: {', '.join(names[:3])}{more}"


def _describe(folder: Path, sources: Sequence[Source], output: OutputFolder) -> None:
    """Describe the codes of each BIDS data set."""
    roots = {source.bids_root: source for source in sources if source.bids_root is not None}
    entries = output.entries().values() if roots else ()
    for root, source in roots.items():
        bundles = {entry.bundle for entry in entries if PurePosixPath(entry.output).is_relative_to(root)}
        with output.lock:
            describe(folder / root, source.root, bundles)
