"""Whoever is killed, whenever, and however many are at work: the same bytes in the end."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from eegstream.corpus.folder import opened
from eegstream.corpus.manifest import NAME, Manifest
from eegstream.corpus.run import encode_corpus
from eegstream.errors import ConfigError, EegstreamError
from eegstream.workers.dask_cluster import DaskCluster
from tests.corpus.conftest import COUNT, Made, Run, outputs
from tests.corpus.killing import CorpusRun
from tests.identity_bundle import pinned
from tests.workers import tasks

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes as Linux shows them")


def require_whole(folder: Path, made: Made) -> None:
    """No output is half-written, and each one that there is fits the manifest."""
    found, told = outputs(folder), _told_done(folder)
    assert all(found[name] == made.outputs[name] for name in told & found.keys())
    assert len(told - found.keys()) <= 1, "one line at most is ahead of its output"


def _told_done(folder: Path) -> set[str]:
    """Outputs that the manifest says are done, with all the recording."""
    entries, _ = Manifest(folder).read()
    return {output for output, entry in entries.items() if entry.status == "done" and entry.options["seconds"] is None}


def test_killed_runs_and_one_that_ends_give_the_same_bytes(made: Made, run: Run, tmp_path: Path) -> None:
    """One run is killed; then of two that work at the same time in one folder, one is; the last one does the rest."""
    out = tmp_path / "out"
    arguments = [str(made.folder), "--jobs", "1", *pinned(made.bundle)]
    begun = CorpusRun(out, [*arguments, "--seconds", "3"], tmp_path / "begun.log")
    begun.wait_for_lines(2)
    begun.kill()
    killed, last = (CorpusRun(out, arguments, tmp_path / f"{number}.log") for number in range(2))
    killed.wait_for_lines(6)
    killed.kill()
    require_whole(out, made)
    assert last.result() == 1, last.said
    assert "3 of 14 recordings failed" in last.said
    found = outputs(out)
    assert found.keys() == made.outputs.keys()
    assert [name for name, content in found.items() if content != made.outputs[name]] == []
    assert len((out / NAME).read_text().splitlines()) == COUNT
    assert run(out).encoded == 0
    assert not list((out / ".writing").iterdir()), "what the killed ones were writing is removed"


def test_an_output_that_another_run_has_made_is_never_missing(made: Made, tmp_path: Path, run: Run) -> None:
    """A slower run that has made the same leaves it where it is, as the very file."""
    out = tmp_path / "out"
    run(out, made.folder / "s00" / "r000.edf")
    ((name, entry),) = Manifest(out).read()[0].items()
    before = (out / name).stat().st_ino
    with opened(out) as folder:
        written = folder.new_file()
        written.write_bytes((out / name).read_bytes())
        folder.publish(written, entry)
        assert not written.exists()
    assert (out / name).stat().st_ino == before


def test_a_cluster_that_loses_a_worker_writes_the_same_bytes(made: Made, run: Run, tmp_path: Path) -> None:
    """Two real Dask workers; one is killed while it encodes."""
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "out"
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        scheduler_file = tmp_path / "scheduler.json"
        client.write_scheduler_file(str(scheduler_file))
        pids = client.run(os.getpid)
        with DaskCluster(str(scheduler_file), "--dask") as dask:
            assert "/status" in dask.dashboard
            assert dask.threads == 2
            work = threading.Thread(
                target=lambda: encode_corpus(made.request(out), dask, lambda: dask.threads, lambda _: None)
            )
            work.start()
            while not outputs(out):
                assert work.is_alive()
                time.sleep(0.005)
            os.kill(next(iter(pids.values())), signal.SIGKILL)
            work.join(timeout=120)
            assert {*client.run(os.getpid).values()} != {*pids.values()}, "one was really killed"
            _require_that_what_is_done_stays_done(dask, tmp_path)
    assert outputs(out) == made.outputs
    assert run(out).encoded == 0


def _require_that_what_is_done_stays_done(dask: DaskCluster, folder: Path) -> None:
    """A worker that dies takes only the task with it that it was doing."""
    marks = [folder / f"task-{number}" for number in range(6)]
    slow = [folder / f"task-{number}-slow" for number in range(4)]
    work = dask(tasks.counted, [str(path) for path in (*marks, *slow)])
    done = dict(next(work) for _ in marks)
    killed = next(iter(done.values()))
    assert isinstance(killed, int)
    os.kill(killed, signal.SIGKILL)
    done |= dict(work)
    assert done.keys() == {*range(10)}
    assert all(len(path.read_text().split()) == 1 for path in marks)
    assert sum(len(path.read_text().split()) for path in slow) <= len(slow) + 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of Dask, when its scheduler ends
def test_a_scheduler_that_ends_is_told() -> None:
    """What is done stays done, so the message says how to go on."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0")
    with DaskCluster(cluster.scheduler_address, "--dask") as dask:
        work = dask(tasks.squared, [3])
        assert next(work) == (0, 9)
        ended = threading.Timer(0.5, cluster.close)
        ended.start()
        with pytest.raises(EegstreamError, match=r"scheduler at .* is gone.*--dask"):
            list(dask(time.sleep, [1.0, 1.0]))
        ended.join()


def test_what_dask_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra to install, and an address where nobody answers."""
    pytest.importorskip("distributed")
    with pytest.raises(ConfigError, match=r"--dask is 'tcp://127\.0\.0\.1:9', where no Dask scheduler answers"):
        DaskCluster("tcp://127.0.0.1:9", "--dask", patience_s=0.3)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"--dask needs the package distributed.*eegstream\[dask\]"):
        DaskCluster("tcp://127.0.0.1:9", "--dask")
