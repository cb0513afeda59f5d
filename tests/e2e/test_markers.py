"""Marker streams beside the EEG: published with their own clock, and right in time to a millisecond."""

import json
from pathlib import Path

import numpy as np
import pytest

from eegstream.client import End, Event, Spec
from eegstream.codec.engine import Engine, choose_device
from eegstream.decoding import reconstruct
from eegstream.files.codes import CodesWriter, read_codes
from eegstream.files.placing import events_of_stream
from tests.e2e.harness import Process, Recorder
from tests.e2e.warm import WarmDaemon
from tests.identity_bundle import load_own, manifest, write_bundle

SECONDS = 3
PULSES = 2 * SECONDS


def test_markers_lie_where_the_eeg_has_its_pulses(tmp_path: Path) -> None:
    """Texts and numbers, from outlets with the EEG's name and id or others; recorded, read, and placed on its clock."""
    bundle = write_bundle(tmp_path / "identity.pt", manifest())
    path = tmp_path / "session.codes.mcap"
    with WarmDaemon(bundle, "--markers", "type=Markers") as daemon, Recorder(daemon.url) as recorder:
        plan = json.dumps({"name": "pulses", "seconds": SECONDS})
        with Process("pulses", "-m", "tests.e2e.pulses", plan) as sender:
            sender.wait_line(rf"^sent {PULSES}$")
            eeg = recorder.stream_of("pulses")
            recorder.wait(lambda item: isinstance(item, Event) and item.label == f"pulse {PULSES}")
            recorder.wait(lambda item: isinstance(item, Event) and item.label == str(PULSES))
            sender.release()
            sender.wait()
            ends = [
                recorder.wait(lambda item, of=stream: isinstance(item, End) and item.stream == of)
                for stream in {item.stream for item in recorder.items if isinstance(item, Event)}
            ]
        recorder.wait(lambda item: isinstance(item, End) and item.stream == eeg)
        heard = recorder.items
        assert daemon.stop() == 0
    assert sorted(end.received for end in ends) == [PULSES, PULSES]
    assert all(end.reason == "gone" for end in ends)
    events = [item for item in heard if isinstance(item, Event)]
    names = {event.stream for event in events}
    assert len(names) == 2
    assert eeg not in names
    for name in names:
        own = [event for event in events if event.stream == name]
        assert [event.seq for event in own] == list(range(PULSES))
        assert all(event.epoch == 0 and event.clock_offset is not None for event in own)
        assert any(item.kind == "state" and item.stream == name and item.status == "live" for item in heard)
    assert {event.value for event in events if event.label.isdecimal()} == {float(n + 1) for n in range(PULSES)}

    specs: set[tuple[str, int]] = set()
    with CodesWriter(path) as writer:
        for item in heard:
            if not isinstance(item, Spec) or (item.stream, item.seq) not in specs:
                writer.write(item)
                specs.add((item.stream, getattr(item, "seq", -1)))
    read = read_codes(path)
    assert read.damage == ()
    segments = [segment for segment in read if segment.stream == eeg]
    made = reconstruct(segments, Engine(load_own(bundle), choose_device("cpu")))
    pulse_s = made.t[made.eeg_uv[0] > 250]
    placed = events_of_stream(segments, read.events)
    assert len(placed) == 2 * PULSES
    for label in ("pulse {}", "{}"):
        marked_s = [event.t for n in range(PULSES) for event in placed if event.label == label.format(n + 1)]
        assert len(marked_s) == PULSES
        # The last pulse may lie in samples that no patch covers.
        np.testing.assert_allclose(marked_s[: len(pulse_s)], pulse_s, atol=1e-3)
    assert len(pulse_s) >= PULSES - 1

    pq = pytest.importorskip("pyarrow.parquet", reason="tables need the extra `parquet`")
    from eegstream.tables.exporting import export  # noqa: PLC0415 - needs the extra

    export([path], tmp_path / "set", None, print)
    (table,) = (tmp_path / "set").rglob("*.parquet")
    in_rows = {(event["label"], event["t"]) for row in pq.read_table(table).to_pylist() for event in row["events"]}
    assert in_rows <= {(event.label, event.t) for event in placed}
    assert len(in_rows) >= 2 * (PULSES - 1)
