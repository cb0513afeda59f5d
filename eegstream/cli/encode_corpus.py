"""`eegstream encode` of many recordings into a folder."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from eegstream.cli.encode_options import DEFAULT_FORMAT, CorpusOptions
from eegstream.codec.trust import Trust
from eegstream.corpus.manifest import NAME
from eegstream.corpus.request import Request, Summary
from eegstream.corpus.run import encode_corpus
from eegstream.corpus.sources import is_many
from eegstream.errors import EegstreamError
from eegstream.files.bids_names import is_bids_root
from eegstream.files.recordings import SYNTHETIC_PREFIX
from eegstream.stream import FileOptions
from eegstream.workers.dask_cluster import DaskCluster
from eegstream.workers.left_out import Account
from eegstream.workers.processes import cores, in_processes

_DERIVATIVES = Path("derivatives", "eegstream")


def folder_of(paths: Sequence[str], output: Path | None, corpus: CorpusOptions) -> Path | None:
    """The folder of the outputs; None if one recording becomes one file.

    Raises:
        UsageError: options do not fit each other.
    """
    synthetic = [path for path in paths if path.startswith(SYNTHETIC_PREFIX)]
    if len(paths) == 1 and (synthetic or not (is_many(paths) or _is_folder(output))):
        if corpus.given():
            raise click.UsageError(f"{', '.join(corpus.given())}: expected a folder with -o, for many recordings")
        return None
    if synthetic:
        raise click.UsageError("synthetic EEG becomes one file; give it alone")
    if corpus.jobs and corpus.dask:
        raise click.UsageError("--jobs is for processes of this machine, --dask for workers of a cluster; give one")
    if output is not None:
        if output.is_file() or output.suffix in {".mcap", ".parquet"}:
            raise click.UsageError(f"-o {output} is a file, expected a folder for many recordings")
        return output
    root = Path(paths[0])
    if len(paths) > 1 or not is_bids_root(root):
        raise click.UsageError("Missing option '-o': give a folder. Only a BIDS data set needs none.")
    return root / _DERIVATIVES


def _is_folder(output: Path | None) -> bool:
    """Whether -o names a folder of outputs: one that there is."""
    return output is not None and output.is_dir()


def encode_many(
    paths: Sequence[str],
    folder: Path,
    model: str,
    trust: Trust,
    device: str,
    options: FileOptions,
    corpus: CorpusOptions,
) -> None:
    """Encode all recordings at `paths` into `folder`, and tell what failed.

    Raises:
        EegstreamError: a recording failed, or nothing can be written.
    """
    request = Request(
        tuple(paths),
        folder,
        model,
        trust,
        device,
        options,
        corpus.format or DEFAULT_FORMAT,
        corpus.shard,
        retry_failed=corpus.retry is not None,
        strict=corpus.strict,
    )
    with ExitStack() as stack:
        if corpus.dask is None:
            jobs = corpus.jobs or cores()
            summary = encode_corpus(request, in_processes(jobs), lambda: jobs, _tell)
        else:
            cluster = stack.enter_context(DaskCluster(corpus.dask, "--dask"))
            _tell(f"Dask: {cluster.dashboard}")
            summary = encode_corpus(request, cluster, lambda: cluster.threads, _tell)
    _tell(_told(summary, folder))
    if summary.failed:
        listed = folder / NAME
        for line in Account(summary.failed, str(listed)).table():
            _tell(line)
        raise EegstreamError(
            f"{len(summary.failed)} of {summary.found} recordings failed",
            f"{listed} says why; `--retry failed` tries them again",
        )


def _told(summary: Summary, folder: Path) -> str:
    """One line for the user."""
    parts = [f"{folder}: {summary.encoded} recordings encoded", f"{summary.done_before} were there"]
    if summary.encoded:
        speed = summary.eeg_s / max(summary.seconds, 1e-9)
        parts.append(f"{summary.patches} patches of one channel")
        parts.append(f"{summary.eeg_s / 3600:.2f} h of EEG in {summary.seconds:.1f} s ({speed:.0f} x real time)")
    if summary.peak_bytes:
        parts.append(f"{summary.peak_bytes / 2**20:.0f} MiB in the largest process")
    return ", ".join(parts)


def _tell(text: str) -> None:
    click.echo(text, err=True)
