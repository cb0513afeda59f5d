"""What a corpus takes: processes against one, a Dask cluster against processes, a second run, and runs that are killed.

    python -m benchmarks.corpus FOLDER [--count 300] [--channels 8] [--seconds 20 90] [--turns 3] [--kills 20]
        [--model default] [--parts speed shards dask kills]

The recordings are made from seeds, in FOLDER/in, three of them damaged. What is compared is done by turns.
"""

import argparse
import hashlib
import json
import random
import resource
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from distributed import LocalCluster

from eegstream.corpus.manifest import Entry, Manifest
from eegstream.workers.pace import Pace
from tests.corpus.conftest import outputs
from tests.corpus.killing import CorpusRun
from tests.corpus.made import make_corpus
from tests.workers.test_pace import simulated

PATIENCE_S = 3600.0


class Bench:
    """One corpus, and the command that encodes it."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.source = folder, folder / "in"
        self._options = ["--model", model]

    def out(self, name: str) -> Path:
        """A folder of outputs that is not there yet."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def encode(self, out: Path, *options: str) -> tuple[float, float]:
        """Wall seconds of a run to its end, and CPU seconds of it and the processes that it started."""
        started_s, before_s = time.perf_counter(), _cpu_s()
        run = CorpusRun(out, [str(self.source), *self._options, *options], self.folder / "messages.log")
        assert run.result(PATIENCE_S) == 1, run.said
        assert "3 of" in run.said or "--shard" in options
        return time.perf_counter() - started_s, _cpu_s() - before_s

    def begin(self, out: Path, *options: str) -> CorpusRun:
        """A run under way."""
        return CorpusRun(out, [str(self.source), *self._options, *options], self.folder / "messages.log")


def _cpu_s() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _workers_cpu_s(cluster: LocalCluster) -> float:
    """CPU seconds of the workers so far."""
    times = [psutil.Process(worker.process.process.pid).cpu_times() for worker in cluster.workers.values()]
    return float(sum(time.user + time.system for time in times))


def entries(out: Path) -> list[Entry]:
    """What the manifest says of recordings that are done."""
    return [entry for entry in Manifest(out).read()[0].values() if entry.status == "done"]


def speed(bench: Bench, turns: int) -> dict[str, bytes]:
    """One process against two; then a second run, and how true the time left would have been."""
    ratios = []
    for turn in range(turns):
        one_s, one_cpu_s = bench.encode(bench.out("one"), "--jobs", "1")
        two_s, two_cpu_s = bench.encode(bench.out("two"), "--jobs", "2")
        ratios.append(one_s / two_s)
        print(
            f"turn {turn + 1}: 1 process {one_s:.1f} s ({one_cpu_s:.1f} of CPU), "
            f"2 processes {two_s:.1f} s ({two_cpu_s:.1f} of CPU), ratio {one_s / two_s:.2f}"
        )
    print(f"median ratio {statistics.median(ratios):.2f}")
    reference = outputs(bench.folder / "one")
    assert outputs(bench.folder / "two") == reference
    again_s = [bench.encode(bench.folder / "two", "--jobs", "2")[0] for _ in range(turns)]
    print(f"second run: median {statistics.median(again_s):.2f} s")
    done = entries(bench.folder / "two")
    eeg_s = sum(stream.seconds for entry in done for stream in entry.counts)
    channel_s = sum(stream.seconds * stream.channels for entry in done for stream in entry.counts)
    work_s = sum(entry.seconds for entry in done)
    size = sum(entry.output_size or 0 for entry in done)
    print(
        f"{len(done)} recordings, {eeg_s / 3600:.2f} h of EEG, {channel_s / 3600:.1f} h of channels, "
        f"{work_s:.1f} s of work: {channel_s / work_s:.0f} channel-seconds a second, {size / channel_s:.1f} bytes each"
    )
    print(f"time left, from a tenth of the recordings on: wrong by {_error(done):.1%} of the rest at the median")
    return reference


def _error(done: Sequence[Entry]) -> float:
    """Median error of the time left, relative to the true one, if two processes had done the measured work."""
    ordered = sorted(done, key=lambda entry: hashlib.sha256(entry.output.encode()).digest())  # as a run does them
    ends = simulated([entry.seconds for entry in ordered], 2)
    pace, errors = Pace(), []
    n_left, size_left = len(ordered), sum(entry.size for entry in ordered)
    for count, (now_s, number) in enumerate(ends[:-2], start=1):
        pace.finished(ordered[number].size, ordered[number].seconds)
        n_left, size_left = n_left - 1, size_left - ordered[number].size
        if count > len(ordered) / 10:
            true_s = ends[-1][0] - now_s
            errors.append(abs((pace.left_s(n_left, size_left, 2) or 0.0) - true_s) / true_s)
    return statistics.median(errors)


def shards(bench: Bench, reference: dict[str, bytes]) -> None:
    """Three shares at the same time, into one folder."""
    out = bench.out("shards")
    runs = [bench.begin(out, "--jobs", "1", "--shard", f"{number}/3") for number in (1, 2, 3)]
    for run in runs:
        run.result(PATIENCE_S)
    assert outputs(out) == reference
    print("3 shares at once: the same bytes")


def dask(bench: Bench, turns: int, reference: dict[str, bytes]) -> None:
    """Two workers with one thread each against two processes; then one worker is killed in the middle."""
    ratios = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        for turn in range(turns):
            local_s, local_cpu_s = bench.encode(bench.out("two"), "--jobs", "2")
            before_s = _workers_cpu_s(cluster) + time.process_time()
            dask_s, dask_cpu_s = bench.encode(bench.out("dask"), "--dask", address)
            dask_cpu_s += _workers_cpu_s(cluster) + time.process_time() - before_s  # the scheduler runs in this process
            ratios.append(local_s / dask_s)
            print(
                f"turn {turn + 1}: 2 processes {local_s:.1f} s ({local_cpu_s:.1f} of CPU), "
                f"Dask {dask_s:.1f} s ({dask_cpu_s:.1f} of CPU), ratio {local_s / dask_s:.2f}"
            )
        assert outputs(bench.folder / "dask") == reference
        print(f"median ratio {statistics.median(ratios):.2f}")
        out = bench.out("dask")
        run = bench.begin(out, "--dask", address)
        run.wait_for_lines(len(reference) // 3)
        next(iter(cluster.workers.values())).process.process.kill()
        assert run.result(PATIENCE_S) == 1, run.said
        assert outputs(out) == reference
        print("a worker killed in the middle: the same bytes")


def kills(bench: Bench, count: int, reference: dict[str, bytes]) -> None:
    """Kill runs at random moments, after the start of each has been seen, then let one end."""
    out, rng = bench.out("killed"), random.Random(0)  # noqa: S311 - no secret
    for _ in range(count):
        seen = len(entries(out)) if out.exists() else 0
        run = bench.begin(out, "--jobs", "2")
        if rng.random() < 0.8:
            run.wait_for_lines(seen + rng.randrange(1, 2 * len(reference) // count))
        time.sleep(rng.uniform(0, 1.0))
        run.kill()
        found = outputs(out)
        assert found.items() <= reference.items(), "nothing is half-written"
        print(f"killed at {len(found)} of {len(reference)} recordings", flush=True)
    bench.encode(out, "--jobs", "2")
    assert outputs(out) == reference
    print(f"{count} runs killed: the same bytes in the end")


def main() -> None:
    """Make the corpus, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--seconds", type=float, nargs=2, default=(20.0, 90.0))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--model", default="default")
    parser.add_argument("--parts", nargs="+", default=["speed", "shards", "dask", "kills"])
    asked = parser.parse_args()
    bench = Bench(asked.folder, asked.model)
    if not bench.source.exists():
        make_corpus(bench.source, asked.count, seconds=tuple(asked.seconds), channels=asked.channels)
    print(json.dumps({key: str(value) for key, value in vars(asked).items()}))
    if "speed" in asked.parts:
        reference = speed(bench, asked.turns)
    else:
        if not (asked.folder / "one").exists():
            bench.encode(asked.folder / "one", "--jobs", "2")
        reference = outputs(asked.folder / "one")
    if "shards" in asked.parts:
        shards(bench, reference)
    if "dask" in asked.parts:
        dask(bench, asked.turns, reference)
    if "kills" in asked.parts:
        kills(bench, asked.kills, reference)


if __name__ == "__main__":
    main()
