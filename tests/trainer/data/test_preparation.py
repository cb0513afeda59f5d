"""Recordings are prepared by whoever does it, to the same bytes; what cannot be used is told."""

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from eegstream.workers.dask_cluster import DaskCluster
from eegstream.workers.left_out import Skipped
from trainer.data import preparation
from trainer.data.cache import SignalCache
from trainer.data.preparation import LOCAL, Job, Prepared, prepare
from trainer.data.splits import RecordingSource

SETTINGS = FrontEndSettings(256.0, 0.5, None)


def jobs(cache: Path, count=12, seconds=8.0, rates_hz=(128.0,)) -> list[Job]:
    """Made-up recordings, and one file that is none."""
    sources = [
        RecordingSource("made", str(n), f"synthetic:rate=250,channels=3,seconds={seconds},seed={n}")
        for n in range(count)
    ]
    return [Job(source, SETTINGS, rates_hz, SignalCache(cache)) for source in sources]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def recording(tmp_path) -> Path:
    """A CSV of ten seconds."""
    t = np.arange(2560) / 256
    path = tmp_path / "S1.csv"
    rows = "\n".join(f"{now:.6f},{20 * np.sin(9 * now):.4f},{10 * np.cos(70 * now):.4f}" for now in t)
    path.write_text(f"time,Cz,Fz\n{rows}\n")
    return path


def cluster_of_two():
    return LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")


def test_a_dask_cluster_writes_what_this_process_would_write(tmp_path):
    """Byte for byte: a cluster at an address, the one of this machine, and no cluster at all."""
    prepare(jobs(tmp_path / "here"), None, strict=True)
    prepare(jobs(tmp_path / "local"), LOCAL, strict=True)
    with cluster_of_two() as cluster:
        prepare(jobs(tmp_path / "dask"), cluster.scheduler_address, strict=True)
    here = files(tmp_path / "here")
    assert len(here) == 12 * 2 * 2
    assert files(tmp_path / "local") == here
    assert files(tmp_path / "dask") == here


def test_a_killed_worker_loses_nothing(tmp_path):
    """Killed in the middle of its work; the others do it again, to the byte."""
    slow = {"count": 16, "seconds": 60.0, "rates_hz": (128.0, 500.0)}
    with cluster_of_two() as cluster, Client(cluster) as client:
        pids = client.run(os.getpid)
        results = []
        work = threading.Thread(
            target=lambda: results.append(
                prepare(jobs(tmp_path / "dask", **slow), cluster.scheduler_address, strict=True)
            )
        )
        work.start()
        while not any((tmp_path / "dask").glob("*/*.npy")):
            assert work.is_alive()
            time.sleep(0.02)
        os.kill(next(iter(pids.values())), signal.SIGKILL)
        work.join(timeout=120)
        assert len(files(tmp_path / "dask")) == 16 * 3 * 2
        assert results
        assert set(client.run(os.getpid).values()) != set(pids.values()), "one was really killed"
    prepare(jobs(tmp_path / "here", **slow), None, strict=True)
    assert files(tmp_path / "dask") == files(tmp_path / "here")


def test_the_second_time_nothing_is_prepared(tmp_path, recording):
    """Nor is a recording opened: one that has become unreadable since is not even noticed."""
    work = [Job(RecordingSource("own", "S1", str(recording)), SETTINGS, (), SignalCache(tmp_path / "cache"))]
    (first,) = prepare(work, None, strict=True)
    stat = recording.stat()
    recording.write_bytes(b"\0" * stat.st_size)
    os.utime(recording, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (second,) = prepare(work, None, strict=True)
    assert (first.is_new, second.is_new) == (True, False)
    np.testing.assert_array_equal(first.signals[0].samples_uv, second.signals[0].samples_uv)


def test_a_changed_recording_is_prepared_again(tmp_path, recording):
    """The cache never answers for another content."""
    work = [Job(RecordingSource("own", "S1", str(recording)), SETTINGS, (), SignalCache(tmp_path / "cache"))]
    (first,) = prepare(work, None, strict=True)
    recording.write_text(recording.read_text().replace("Cz", "Pz", 1))
    os.utime(recording, ns=(1, 1))
    (second,) = prepare(work, None, strict=True)
    assert second.is_new
    assert first.name == second.name


@pytest.mark.parametrize("scheduler", [None, "cluster"])
def test_a_damaged_recording_is_named_and_left_out(tmp_path, recording, scheduler):
    """With the reason; the others stay. Alike in this process and on a cluster."""
    damaged, absent, no_eeg = tmp_path / "damaged.edf", tmp_path / "absent.edf", tmp_path / "ecg.csv"
    damaged.write_bytes(b"0       " + b"x" * 300)
    no_eeg.write_text(recording.read_text().replace("Cz,Fz", "ECG,EOG"))
    paths = [damaged, recording, absent, no_eeg]
    work = [
        Job(RecordingSource("own", path.stem, str(path)), SETTINGS, (), SignalCache(tmp_path / "cache"))
        for path in paths
    ]
    if scheduler is None:
        found = prepare(work, None, strict=False)
    else:
        with cluster_of_two() as cluster:
            found = prepare(work, cluster.scheduler_address, strict=False)
    assert [type(outcome) for outcome in found] == [Skipped, Prepared, Skipped, Skipped]
    assert [outcome.name for outcome in found] == [path.name for path in paths]
    told = [str(outcome) for outcome in found if isinstance(outcome, Skipped)]
    assert "damaged.edf" in told[0]
    assert "absent.edf cannot be read (No such file or directory)" in told[1]
    assert "ecg.csv has no EEG channel" in told[2]


def test_a_strict_run_ends_at_the_first(tmp_path):
    """One clear error."""
    (tmp_path / "damaged.edf").write_bytes(b"0       ")
    work = [
        Job(RecordingSource("own", "x", str(tmp_path / "damaged.edf")), SETTINGS, (), SignalCache(tmp_path / "cache"))
    ]
    with pytest.raises(ConfigError, match=r"damaged\.edf cannot be used.*strict=false"):
        prepare(work, None, strict=True)


def test_a_scheduler_that_is_not_there_is_told(tmp_path, monkeypatch):
    """With its address."""
    monkeypatch.setattr(preparation, "DaskCluster", partial(DaskCluster, patience_s=0.5))
    with pytest.raises(ConfigError, match=r"data.scheduler is 'tcp://127\.0\.0\.1:9'"):
        prepare(jobs(tmp_path, count=1), "tcp://127.0.0.1:9", strict=True)
