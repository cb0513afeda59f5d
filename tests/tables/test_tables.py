"""Tables are what their page says, and hold what the codes files hold."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="tables need the extra `parquet`")
import pyarrow.parquet as pq
from click.testing import CliRunner

from eegstream.cli.encode import command as encode
from eegstream.cli.export import command as export_command
from eegstream.decoding import reconstruct
from eegstream.errors import CodesFileError, EegstreamError
from eegstream.files.codes import write_codes
from eegstream.files.placing import placed_events
from eegstream.files.segments import collect_segments
from eegstream.tables.exporting import export
from eegstream.tables.files import TableFile
from eegstream.tables.names import RecordingNames
from eegstream.tables.reading import read_tables
from eegstream.tables.schema import TableFacts
from eegstream.tables.shards import ShardSizes, gather
from eegstream.tables.writing import write_table
from eegstream.wire.messages import Codes, Event, Gap
from tests.markdown import fenced
from tests.tables.by_the_page import check_file, split_by_the_page
from tests.tables.made import EVENTS, LABELS, engine, messages, recording, table


@pytest.mark.parametrize(
    "given", [recording(), recording(seconds=160.0), recording(hole_s=2.0)], ids=["short", "long", "hole"]
)
def test_each_row_is_as_the_page_says(tmp_path: Path, given) -> None:
    """Short ones, one of more than 600 patches, and one with a gap."""
    assert check_file(table(tmp_path, given)) % len(LABELS) == 0


@pytest.mark.parametrize("given", [recording(seconds=160.0), recording(hole_s=2.0)], ids=["long", "hole"])
def test_a_table_holds_what_the_messages_hold(tmp_path: Path, given) -> None:
    """Codes, flags, times and events, for every channel and patch; the decode is the same to the bit."""
    segments = collect_segments(messages(given), "x")
    (read,) = read_tables(table(tmp_path, given))
    order = [LABELS.index(label) for label in sorted(LABELS)]
    assert len(read.segments) == len(segments)
    for ours, theirs in zip(segments, read.segments, strict=True):
        assert theirs.spec.channels == tuple(sorted(LABELS))
        np.testing.assert_array_equal(ours.index, theirs.index)
        np.testing.assert_array_equal(ours.codes[:, order], theirs.codes)
        np.testing.assert_array_equal(ours.flags[:, order], theirs.flags)
        np.testing.assert_allclose(ours.t, theirs.t, atol=1e-6)
    assert [(e.t, e.duration, e.label, e.value) for e in read.events] == [
        (e.t_s, e.duration_s, e.label, e.value) for e in EVENTS
    ]
    direct, again = (reconstruct(parts, engine()).eeg_uv for parts in (segments, read.segments))
    np.testing.assert_array_equal(direct[order], again)


def test_lost_patches_end_a_stretch(tmp_path: Path) -> None:
    """Patches that did not come leave a jump in `first`; the others keep their numbers."""
    kept = [m for m in messages(recording()) if not (isinstance(m, Codes) and m.first in {5, 6})]
    path = tmp_path / "x.parquet"
    with write_table(path, RecordingNames("x")) as sink:
        for message in kept:
            sink.write(message)
    check_file(path)
    firsts = {(row["first"], row["n_patches"]) for row in pq.read_table(path).to_pylist()}
    assert {first for first, _ in firsts} == {0, 7}
    assert (0, 5) in firsts


def test_an_event_that_lasts_is_in_every_row_of_its_time(tmp_path: Path) -> None:
    """A label over all patches is found in all of them."""
    given = replace(recording(seconds=160.0), events=EVENTS)
    long = replace(given, events=(replace(EVENTS[0], t_s=1.0, duration_s=155.0),))
    rows = pq.read_table(table(tmp_path, long)).to_pylist()
    assert len({row["first"] for row in rows}) == 2
    assert all([event["label"] for event in row["events"]] == ["closed"] for row in rows)


def test_markers_of_another_clock_are_moved_to_that_of_the_eeg() -> None:
    """By both offsets to the daemon's clock; nothing is guessed where one is missing, or of another run."""
    segment = collect_segments(messages(recording()), "x")[0]
    segment = replace(segment, clock_offset=np.full(len(segment.t), 100.0))
    (own, *_) = [m for m in messages(recording()) if isinstance(m, Event)]
    marker = own.model_copy(update={"stream": "keys-1", "run": segment.spec.run, "t": 7.0, "clock_offset": 96.5})
    unknown = marker.model_copy(update={"clock_offset": None})
    foreign = marker.model_copy(update={"run": "f" * 16})
    assert [event.t for event in placed_events(segment, [marker, unknown, foreign])] == [3.5]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Tables of twelve recordings."""
    folder = tmp_path_factory.mktemp("tables")
    return [table(folder, recording(f"r{number:02}", number, 6.0)) for number in range(12)]


def test_a_data_set_is_split_by_subject_and_the_same_each_time(tmp_path: Path, tables: list[Path]) -> None:
    """Every row of every table once, in the split that the page computes; the same bytes in whatever order."""
    found = gather(tables, tmp_path / "one")
    gather(tables[::-1], tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    rows = 0
    for path in (tmp_path / "one").rglob("*.parquet"):
        rows += check_file(path)
        for row in pq.read_table(path).to_pylist():
            assert path.parent.name == f"split={split_by_the_page(row['dataset'], row['subject'], row['recording'])}"
    assert rows == sum(pq.read_metadata(path).num_rows for path in tables) == sum(entry.rows for entry in found)
    assert len({entry.split for entry in found}) > 1
    assert {entry.channels for entry in found} == {3}


def test_shards_have_the_size_that_is_asked_for(tmp_path: Path, tables: list[Path]) -> None:
    """A full shard gets no more recordings; shards of an earlier gathering are gone."""
    gather(tables, tmp_path / "set", None, ShardSizes(full_bytes=1, most_bytes=10**9))
    assert len(list((tmp_path / "set").rglob("*.parquet"))) == len(tables)
    gather(tables, tmp_path / "set")
    assert len(list((tmp_path / "set").rglob("*.parquet"))) == len(list((tmp_path / "set").glob("split=*")))


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    """A recording twice; a file of something else; messages of two bundles."""
    one = table(tmp_path, recording("a"))
    with pytest.raises(CodesFileError, match="both hold the recording a"):
        gather([one, one], tmp_path / "set")
    other = tmp_path / "b.parquet"
    pq.write_table(pq.read_table(one).replace_schema_metadata({}), other)
    with pytest.raises(CodesFileError, match="no table of tokens"):
        gather([other], tmp_path / "set")
    other.write_bytes(b"PAR1 no")
    with pytest.raises(CodesFileError, match="cannot be read"):
        gather([other], tmp_path / "set")
    made = messages(recording())
    changed = made[0].model_copy(update={"epoch": 1, "model": made[0].model.model_copy(update={"version": 9})})
    with pytest.raises(CodesFileError, match="differ in bundle"), write_table(other, RecordingNames("x")) as sink:
        for message in [*made, changed, *(m.model_copy(update={"epoch": 1}) for m in made[1:])]:
            sink.write(message)
    assert not list(tmp_path.glob("*.part"))


def test_recorded_streams_become_a_data_set(tmp_path: Path) -> None:
    """Two streams in one file, and a file of BIDS's form; the manifest tells where each recording comes from."""
    path = tmp_path / "sub-07_task-rest_eeg.codes.mcap"
    with write_codes(path) as writer:
        for message in messages(recording("a")):
            writer.write(message)
    several = tmp_path / "evening.codes.mcap"
    with write_codes(several) as writer:
        for message in [*messages(recording("b")), *messages(recording("c", 1))]:
            writer.write(message)
    told: list[str] = []
    found = export([several, path], tmp_path / "set", "CC0-1.0", told.append)
    assert told == []
    assert sorted((entry.recording.split("-")[0], entry.subject) for entry in found) == [
        ("evening/b", None),
        ("evening/c", None),
        ("sub", "07"),
    ]
    manifest = (tmp_path / "set" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(manifest) == 3
    assert all('"sha256": "' in line for line in manifest)
    assert "CC0-1.0" in (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    with pytest.raises(Exception, match="not empty"):
        export([path], tmp_path / "set", None, told.append)


def test_an_unfinished_gap_is_no_row(tmp_path: Path) -> None:
    """Segments without patches have no rows, and no number."""
    given = messages(recording(hole_s=2.0))
    assert any(isinstance(message, Gap) for message in given)
    (read,) = read_tables(table(tmp_path, recording(hole_s=2.0)))
    assert [segment.segment for segment in read.segments] == [0, 1]


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory, tables: list[Path]) -> Path:
    """A data set of twelve recordings."""
    folder = tmp_path_factory.mktemp("set")
    gather(tables, folder)
    return folder


def _expected(data_set: Path) -> dict[tuple[str, str], list[list[int]]]:
    found = {}
    for path in sorted(data_set.rglob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found[row["recording"], row["channel"]] = row["codes"]
    return found


def test_pandas_reads_it(data_set: Path) -> None:
    """By the folder of each split."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.concat([pandas.read_parquet(folder) for folder in data_set.glob("split=*")])
    expected = _expected(data_set)
    assert len(frame) == len(expected)
    for row in frame.itertuples():
        np.testing.assert_array_equal(np.stack(row.codes), expected[row.recording, row.channel])


def test_polars_reads_it(data_set: Path) -> None:
    """By a pattern."""
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(f"{data_set}/split=*/*.parquet")
    expected = _expected(data_set)
    assert frame.height == len(expected)
    for row in frame.iter_rows(named=True):
        np.testing.assert_array_equal(row["codes"], expected[row["recording"], row["channel"]])


def test_duckdb_reads_it(data_set: Path) -> None:
    """By SQL, with lists and events."""
    duckdb = pytest.importorskip("duckdb")
    source = f"read_parquet('{data_set}/*/*.parquet', hive_partitioning=true)"
    expected = _expected(data_set)
    rows = duckdb.sql(f"SELECT recording, channel, codes FROM {source}").fetchall()  # noqa: S608
    assert len(rows) == len(expected)
    for name, channel, codes in rows:
        np.testing.assert_array_equal(codes, expected[name, channel])
    events = f"SELECT DISTINCT unnest(events).label AS label FROM {source} ORDER BY label"  # noqa: S608
    assert duckdb.sql(events).fetchall() == [("7",), ("closed",)]


def test_datasets_reads_it(
    data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the folder: its data card names the splits; as plain Parquet; and as the card's program does."""
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    expected = _expected(data_set)
    monkeypatch.chdir(data_set)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    (shown,) = fenced((data_set / "README.md").read_text(encoding="utf-8"), "python")
    exec(shown, {})  # noqa: S102 - what the card tells its reader to run
    assert "tensor([" in capsys.readouterr().out
    by_card = datasets.load_dataset(str(data_set), cache_dir=str(tmp_path))
    assert {f"split={name}" for name in by_card} == {path.name for path in data_set.glob("split=*")}
    plain = datasets.load_dataset(
        "parquet", data_files={"rows": f"{data_set}/*/*.parquet"}, cache_dir=str(tmp_path), split="rows"
    )
    assert len(plain) == sum(part.num_rows for part in by_card.values()) == len(expected)
    for row in plain:
        np.testing.assert_array_equal(row["codes"], expected[row["recording"], row["channel"]])


def test_encode_writes_a_table_and_export_takes_folders(tmp_path: Path) -> None:
    """One recording by its name; the subject of a name that is not of BIDS; a licence takes the place of none."""
    run = CliRunner().invoke
    source = "synthetic:rate=250,channels=2,seconds=4"
    made = run(encode, [source, "-o", str(tmp_path / "in" / "x.parquet"), "--model", "fast"])
    assert made.exit_code == 1, "the folder is not there"
    (tmp_path / "in").mkdir()
    made = run(encode, [source, "-o", str(tmp_path / "in" / "x.parquet"), "--model", "fast"], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    table(tmp_path / "in", recording("Subject07_2"), RecordingNames.of_path("a/Subject07_2.edf"))
    done = run(export_command, [str(tmp_path / "in"), "-o", str(tmp_path / "set"), "--license", "CC0-1.0"])
    assert done.exit_code == 0, done.output
    rows = [row for path in (tmp_path / "set").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {(row["recording"], row["subject"]) for row in rows} >= {("Subject07_2", "Subject07")}
    assert "CC0-1.0" in (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert sum(check_file(path) for path in (tmp_path / "set").rglob("*.parquet")) == len(rows)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sub-01_ses-2_task-rest_run-1_eeg.edf", ("sub-01_ses-2_task-rest_run-1_eeg", "01", "2", "rest", "1")),
        ("x/sub-01_task-rest_desc-default_codes.mcap", ("sub-01_task-rest", "01", None, "rest", None)),
        ("Subject07_2.codes.mcap", ("Subject07_2", "Subject07", None, None, None)),
        ("evening.codes.mcap", ("evening", None, None, None, None)),
        ("P01/evening.parquet", ("evening", None, None, None, None)),
    ],
)
def test_names_are_those_of_bids_or_a_subject_at_most(path: str, expected: tuple[str | None, ...]) -> None:
    """Of the file's own name: folders above it may be anything."""
    names = RecordingNames.of_path(path)
    assert (names.recording, names.subject, names.session, names.task, names.run) == expected


def test_a_full_disk_is_told_as_such(tmp_path: Path, tables: list[Path]) -> None:
    """Not as a table that cannot be read; nothing stays under a final name."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    facts = pq.read_schema(tables[0])
    with (
        pytest.raises(EegstreamError, match="cannot be written"),
        TableFile(full, TableFacts.read(facts, "x"), group_bytes=1) as file,
    ):
        for _ in range(2000):
            for batch in pq.ParquetFile(tables[0]).iter_batches():
                file.add(batch)
