"""What a run does follows from the manifest: what is missing or has changed, and nothing else."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from eegstream.cli import cli
from eegstream.client import Codes, Spec
from eegstream.corpus.manifest import NAME, Manifest
from eegstream.errors import BundleError, EegstreamError, RecordingError
from eegstream.files.codes import CodesReader, read_codes
from eegstream.stream import FileOptions, SignalOptions
from tests.corpus.conftest import COUNT, DAMAGED, Made, Run, outputs
from tests.corpus.made import make_recording
from tests.identity_bundle import pinned

GOOD = COUNT - DAMAGED


def entries(folder: Path) -> dict[str, dict]:
    """The lines of the manifest by output."""
    lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    found = {entry["output"]: entry for entry in map(json.loads, lines)}
    assert len(found) == len(lines), "one line a recording"
    return found


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each output: the same only if nobody wrote it again."""
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*.mcap")}


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Three recordings in two folders."""
    for number in (0, 1, 10):
        make_recording(tmp_path / "few", number, 2, 2)
    return tmp_path / "few"


def test_the_manifest_tells_what_became_of_each_recording(made: Made, run: Run, tmp_path: Path) -> None:
    """Every recording has its line with size, digest, bundle, counts; those that failed have the reason."""
    summary = run(tmp_path / "out")
    said = entries(tmp_path / "out")
    assert (summary.found, summary.encoded, len(summary.failed)) == (COUNT, GOOD, DAMAGED)
    assert {entry["path"] for entry in said.values()} == {str(path) for path in made.folder.rglob("r*")}
    for entry in said.values():
        recording = Path(entry["path"])
        assert entry["size"] == recording.stat().st_size
        assert entry["bundle"] == "identity@1"
        assert entry["version"]
        written = tmp_path / "out" / entry["output"]
        if "damaged" in entry["path"]:
            assert (entry["status"], written.exists()) == ("failed", False)
            assert recording.name in entry["reason"]
            continue
        assert (entry["status"], entry["reason"]) == ("done", None)
        assert written.stat().st_size == entry["output_size"]
        (counts,) = entry["counts"]
        segments = read_codes(written)
        assert counts["patches"] == sum(segment.codes.shape[0] * segment.codes.shape[1] for segment in segments)
        assert counts["channels"] == 2


def test_the_content_is_that_of_encode_of_one_file(made: Made, tmp_path: Path) -> None:
    """The same bytes: many recordings are many times one."""
    single = tmp_path / "one.codes.mcap"
    recording = made.folder / "s00" / "r000.edf"
    assert CliRunner().invoke(cli, ["encode", str(recording), "-o", str(single), *pinned(made.bundle)]).exit_code == 0
    assert single.read_bytes() == made.outputs["s00/r000.edf.codes.mcap"]


def test_a_second_run_does_nothing(made: Made, run: Run, tmp_path: Path) -> None:
    """No output is written again, and what failed is still told."""
    run(tmp_path / "out")
    before, lines = stamps(tmp_path / "out"), (tmp_path / "out" / NAME).read_bytes()
    summary = run(tmp_path / "out")
    assert (summary.encoded, summary.done_before, len(summary.failed)) == (0, GOOD, DAMAGED)
    assert stamps(tmp_path / "out") == before
    assert (tmp_path / "out" / NAME).read_bytes() == lines


@pytest.mark.parametrize("lost", ["output", "cut off", "line", "recording"])
def test_only_what_is_missing_or_changed_is_done_again(few: Path, run: Run, tmp_path: Path, lost: str) -> None:
    """An output or a line that is gone, an output that was cut off, a recording with other content."""
    out = tmp_path / "out"
    run(out, few)
    before, (first, *others) = outputs(out), sorted(stamps(out))
    others = {path: stamp for path, stamp in stamps(out).items() if path in others}
    if lost == "output":
        Path(first).unlink()
    elif lost == "cut off":
        Path(first).write_bytes(Path(first).read_bytes()[:-1])
    elif lost == "line":
        kept = [line for line in (out / NAME).read_text().splitlines() if "r000" not in line]
        (out / NAME).write_text("\n".join(kept))
    else:
        make_recording(few, 0, 3, 2)
    summary = run(out, few)
    assert (summary.encoded, summary.done_before) == (1, 2)
    assert {path: stamp for path, stamp in stamps(out).items() if path != first} == others
    assert (outputs(out) == before) == (lost != "recording")


def test_new_times_alone_are_no_change(few: Path, run: Run, tmp_path: Path) -> None:
    """A copy with other times is read, not encoded; after that it is not read either."""
    run(tmp_path / "out", few)
    before = stamps(tmp_path / "out")
    for path in few.rglob("*.edf"):
        os.utime(path, ns=(1, 1))
    assert run(tmp_path / "out", few).encoded == 0
    for path in few.rglob("*.edf"):
        size = path.stat().st_size
        path.write_bytes(bytes(size))
        os.utime(path, ns=(1, 1))
    assert run(tmp_path / "out", few).done_before == 3
    assert stamps(tmp_path / "out") == before


def test_a_corpus_that_was_moved_is_not_done_again(few: Path, run: Run, tmp_path: Path) -> None:
    """Its recordings are where they were, relative to it."""
    run(tmp_path / "out", few)
    before = stamps(tmp_path / "out")
    few.rename(tmp_path / "moved")
    assert run(tmp_path / "out", tmp_path / "moved").encoded == 0
    assert stamps(tmp_path / "out") == before
    assert all("moved" in entry["path"] for entry in entries(tmp_path / "out").values())


def test_two_recordings_never_share_an_output(run: Run, tmp_path: Path) -> None:
    """Those of another corpus with the same names get names of their own, and keep them."""
    first = make_recording(tmp_path / "a", 0, 2, 2)
    second = make_recording(tmp_path / "b", 10, 2, 2).rename(tmp_path / "b" / "r000.edf")
    run(tmp_path / "out", first.parent)
    before = outputs(tmp_path / "out")
    run(tmp_path / "out", second.parent)
    assert len(outputs(tmp_path / "out")) == 2
    assert before.items() < outputs(tmp_path / "out").items()
    assert run(tmp_path / "out", tmp_path / "a", tmp_path / "b").encoded == 0


def test_other_options_are_other_work(few: Path, run: Run, tmp_path: Path) -> None:
    """What was encoded with others is replaced, and the folder is what it would be if they had been first."""
    notched = FileOptions(SignalOptions(notch_hz=50.0))
    run(tmp_path / "out", few)
    assert run(tmp_path / "out", few, options=notched).encoded == 3
    run(tmp_path / "fresh", few, options=notched)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "fresh")
    assert entries(tmp_path / "out").keys() == entries(tmp_path / "fresh").keys()


def test_what_failed_is_tried_again_on_request_or_when_it_changes(few: Path, run: Run, tmp_path: Path) -> None:
    """Not else: a damaged file stays damaged."""
    bad = few / "bad.edf"
    bad.write_bytes(b"0       ")
    assert len(run(tmp_path / "out", few).failed) == 1
    manifest = Manifest(tmp_path / "out")
    known = manifest.read()[0]
    marked = known["bad.edf.codes.mcap"].model_copy(update={"seconds": 99.0})
    manifest.replace({**known, marked.output: marked})
    run(tmp_path / "out", few)
    assert manifest.read()[0][marked.output] == marked
    run(tmp_path / "out", few, retry_failed=True)
    assert manifest.read()[0][marked.output].seconds < 99.0
    shutil.copy(few / "s00" / "r000.edf", bad)
    assert run(tmp_path / "out", few).encoded == 1


def test_a_recording_that_becomes_damaged_loses_its_output(few: Path, run: Run, tmp_path: Path) -> None:
    """What is there always fits the manifest."""
    run(tmp_path / "out", few)
    (few / "s00" / "r000.edf").write_bytes(b"0       ")
    run(tmp_path / "out", few)
    assert "s00/r000.edf.codes.mcap" not in outputs(tmp_path / "out")


def test_a_strict_run_ends_at_the_first_that_fails(few: Path, run: Run, tmp_path: Path) -> None:
    """What was done before stays, and the next run goes on."""
    (few / "bad.edf").write_bytes(b"0       ")
    with pytest.raises(EegstreamError, match=r"bad\.edf cannot be encoded.*--strict"):
        run(tmp_path / "out", few, strict=True)
    before = len(outputs(tmp_path / "out"))
    assert before < 3, "it did not come last"
    assert run(tmp_path / "out", few).encoded == 3 - before


def test_shards_are_the_whole_each_once(made: Made, run: Run, tmp_path: Path) -> None:
    """Three shares into one folder make what one run makes, and a run over all finds nothing to do."""
    found = [run(tmp_path / "out", shard=(number, 3)).found for number in (3, 1, 2)]
    assert sum(found) == COUNT
    assert max(found) - min(found) <= 1
    assert outputs(tmp_path / "out") == made.outputs
    assert run(tmp_path / "out").encoded == 0


@pytest.mark.parametrize("room", [100, 4000])
def test_a_full_disk_leaves_nothing_half_written(
    few: Path, run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str], room: int
) -> None:
    """One clear error, no output under its name, and after that the same bytes as ever."""
    resource = pytest.importorskip("resource", reason="sets limits as POSIX has them")
    run(tmp_path / "reference", few)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # beyond it, writing fails as on a full disk
    try:
        with pytest.raises(EegstreamError, match="cannot be written"):
            run(tmp_path / "out", few)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outputs(tmp_path / "out").items() <= outputs(tmp_path / "reference").items()
    assert not list((tmp_path / "out" / ".writing").iterdir())
    run(tmp_path / "out", few)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "reference")
    assert not any(entry["status"] == "failed" for entry in entries(tmp_path / "out").values())


def test_a_wrong_bundle_is_told_before_anything_begins(few: Path, run: Run, tmp_path: Path) -> None:
    """The folder is not even made."""
    with pytest.raises(BundleError, match="no bundle is called"):
        from eegstream.corpus.request import Request  # noqa: PLC0415
        from eegstream.corpus.run import encode_corpus  # noqa: PLC0415
        from eegstream.workers.spreading import here  # noqa: PLC0415

        encode_corpus(Request((str(few),), tmp_path / "out", "unheard-of"), here, lambda: 1, print)
    assert not (tmp_path / "out").exists()


def test_nothing_to_encode_is_an_error(run: Run, tmp_path: Path) -> None:
    """A folder without recordings, a pattern that fits none, a path that is not there."""
    (tmp_path / "notes.md").write_text("x")
    for path, said in ((tmp_path, "no recording"), (tmp_path / "*.edf", "no path fits"), (tmp_path / "x", "not exist")):
        with pytest.raises(RecordingError, match=said):
            run(tmp_path / "out", path)


def test_patterns_and_files_are_found_once(few: Path, run: Run, tmp_path: Path) -> None:
    """However often they are given; the names are relative to what all paths share."""
    summary = run(tmp_path / "out", few / "s0*" / "*.edf", few / "s00" / "r000.edf", few)
    assert summary.found == 3
    assert outputs(tmp_path / "out").keys() == {
        f"{name}.edf.codes.mcap" for name in ("s00/r000", "s00/r001", "s01/r010")
    }


def test_outputs_are_not_taken_for_recordings(few: Path, run: Run) -> None:
    """A folder within the corpus may take them."""
    run(few / "out", few)
    (few / "out" / "x.csv").write_text("time,Cz\n0,1\n1,2\n2,3\n")
    assert run(few / "out", few).found == 3


def test_what_is_in_no_format_of_recordings_is_told(few: Path, run: Run, tmp_path: Path) -> None:
    """It is left out, and is no failure."""
    (few / "x.mat").write_bytes(b"x")
    told: list[str] = []
    assert not run(tmp_path / "out", few, tell=told.append).failed
    assert told == ["left out, being in no format of recordings, or not named as BIDS names them: x.mat"]


def test_content_that_is_not_on_this_machine_is_a_failure(few: Path, run: Run, tmp_path: Path) -> None:
    """It says how to get it."""
    (few / "annexed.edf").symlink_to("../.git/annex/objects/x/y/SHA256E-s100--0.edf")
    (failed,) = run(tmp_path / "out", few).failed
    assert "git annex get" in failed.why


def test_a_bids_data_set_becomes_a_derivative(run: Run, tmp_path: Path) -> None:
    """Names and folders as BIDS has them, a description that says what made it, and raw data only."""
    root = tmp_path / "bids"
    (root / "derivatives" / "eegstream").mkdir(parents=True)
    (root / "dataset_description.json").write_text('{"Name": "Rest", "BIDSVersion": "1.8.0", "License": "CC0"}')
    for number, name in enumerate(
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-rest_run-2_eeg", "sub-02/eeg/sub-02_task-x_eeg")
    ):
        target = root / f"{name}.edf"
        target.parent.mkdir(parents=True)
        make_recording(tmp_path / "raw", number, 2, 2).rename(target)
    shutil.copytree(root / "sub-02", root / "sourcedata" / "sub-02")
    out = root / "derivatives" / "eegstream"
    run(out, root)
    assert outputs(out).keys() == {
        "sub-01/ses-1/eeg/sub-01_ses-1_task-rest_run-2_desc-identity_codes.mcap",
        "sub-02/eeg/sub-02_task-x_desc-identity_codes.mcap",
    }
    said = json.loads((out / "dataset_description.json").read_text())
    assert (said["Name"], said["DatasetType"], said["License"]) == ("eegstream codes of Rest", "derivative", "CC0")
    assert said["GeneratedBy"][0]["Name"] == "eegstream"
    assert "identity@1" in said["GeneratedBy"][0]["Description"]
    assert run(out, root).encoded == 0


def test_the_same_bytes_whenever(made: Made, tmp_path: Path, run: Run) -> None:
    """A codes file tells nothing of the moment it was made at."""
    run(tmp_path / "out", made.folder / "s00" / "r004.csv")
    (content,) = outputs(tmp_path / "out").values()
    assert content == made.outputs["s00/r004.csv.codes.mcap"]
    messages = list(CodesReader(next((tmp_path / "out").rglob("*.mcap"))))
    spec = next(message for message in messages if isinstance(message, Spec))
    assert spec.utc.iso.startswith("1970-01-01")
    assert any(isinstance(message, Codes) for message in messages)


def test_tables_are_one_more_format(few: Path, run: Run, tmp_path: Path) -> None:
    """A table for each recording with the same codes; nothing is done twice, and codes files may stand beside."""
    pytest.importorskip("pyarrow")
    from eegstream.tables.reading import read_tables  # noqa: PLC0415

    assert run(tmp_path / "out", few, format="parquet").encoded == 3
    assert run(tmp_path / "out", few, format="parquet").encoded == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")}
    run(tmp_path / "out", few)
    assert len(outputs(tmp_path / "out")) == 3
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")} == before
    for path in before:
        (recording,) = read_tables(path)
        assert recording.name == path.relative_to(tmp_path / "out").as_posix().removesuffix(".codes.parquet")
        (codes,) = read_codes(path.with_suffix(".mcap"))
        assert [segment.codes.tolist() for segment in recording.segments] == [codes.codes.tolist()]
    assert len(entries(tmp_path / "out")) == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{few}"], "give a folder"),
        (["{few}", "-o", "{few}/x.mcap"], "expected a folder"),
        (["{few}", "-o", "{out}", "--shard", "4/3"], "K from 1 to N"),
        (["{few}", "-o", "{out}", "--shard", "0/3"], "K from 1 to N"),
        (["{few}", "-o", "{out}", "--jobs", "2", "--dask", "tcp://x:1"], "give one"),
        (["{few}/s00/r000.edf", "-o", "{out}", "--jobs", "2"], "--jobs: expected a folder"),
        (["{few}/s00/r000.edf"], "give the codes file"),
        (["{few}", "synthetic:seconds=2", "-o", "{out}"], "give it alone"),
    ],
)
def test_options_that_do_not_fit_each_other_are_wrong_usage(
    few: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """Nothing is made."""
    filled = [argument.format(few=few, out=tmp_path / "out") for argument in arguments]
    result = CliRunner().invoke(cli, ["encode", *filled])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()
