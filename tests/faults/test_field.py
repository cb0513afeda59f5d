"""What senders in the field announce and how they timestamp: real outlets, the real daemon, a real subscriber."""

import json
from contextlib import ExitStack

import pytest

from eegstream.client import Codes, End, Gap, Spec
from tests.e2e.harness import Process, Recorder, command
from tests.e2e.warm import WarmDaemon


def channels(labels, unit="microvolts", kind="EEG", **more):
    return [{"label": label, "unit": unit, "type": kind, **more} for label in labels]


PAIR = channels(["Cz", "Pz"])
HEADERS = {
    "muse": {"channels": channels(["TP9", "AF7", "AF8", "TP10", "Right AUX"]), "rate_hz": 256.0},
    "emotiv": {
        "channels": [
            *channels(["Timestamp"], "seconds"),
            *channels(["Counter", "Interpolate"], ""),
            *channels(["AF3", "Pz"]),
            *channels(["HardwareMarker"], ""),
        ],
        "rate_hz": 128.0,
        "format": "double64",
    },
    "steps": {
        "channels": [
            *channels(["Fp1", "Oz"], "INT_16", scalingfactor="0.1"),
            *channels(["ECG"], "INT_16", "ExG", scalingfactor="10"),
        ],
        "rate_hz": 500.0,
        "format": "int16",
        "scale": 200.0,
    },
    "named": {"channels": [{"name": "Fp1", "units": "uV"}, {"name": "Cz", "units": "mV"}]},
    "silent": {"channels": channels(["", "", ""]), "described": False},
    "volts": {"channels": channels(["C3", "C4"]), "scale": 2e-5},
}
KEPT = {
    "muse": (("TP9", "AF7", "AF8", "TP10"), (1.0,) * 4),
    "emotiv": (("AF3", "Pz"), (1.0, 1.0)),
    "steps": (("Fp1", "Oz"), (0.1, 0.1)),
    "named": (("Fp1", "Cz"), (1.0, 1e3)),
    "silent": (("ch1", "ch2", "ch3"), (1.0,) * 3),
    "volts": (("C3", "C4"), (1.0, 1.0)),
}
TIMESTAMPS = {
    "poll-1s": {"every_s": 1.0, "habit": "rows"},
    "poll-200ms": {"every_s": 0.2, "habit": "rows"},
    "nine-rows": {"rate_hz": 300.0, "every_s": 0.03, "habit": "rows"},
    "pictures": {"every_s": 1 / 60},
    "stalled": {"every_s": 0.01, "habit": "rows", "stalls": [[0.4, 1.2], [4.0, 5.5]]},
    "slower": {"rate_hz": 256.0, "real_hz": 128.0, "habit": "timestamped"},
}
REFUSED = {
    "words": ({"format": "string"}, "format is text"),
    "irregular": ({"rate_hz": 0.0}, "its rate is irregular"),
    "data": ({"type": "Data"}, "not selected by type=EEG"),
}


def sender(name, **plan):
    """A sender that is up."""
    process = Process(f"sender {name}", "-m", "tests.e2e.field_sender", json.dumps({"name": name, **plan}))
    process.wait_line("^up")
    return process


@pytest.fixture(scope="module")
def listed(daemon, recorder):
    """Every header's outlet sends to the daemon; what `streams` says of them, by name."""
    with ExitStack() as stack:
        for name, plan in HEADERS.items():
            stack.enter_context(sender(name, **plan))
        for name, (plan, _) in REFUSED.items():
            stack.enter_context(sender(name, **plan))
        for name in HEADERS:
            stream = recorder.stream_of(name)
            recorder.wait(lambda item, of=stream: isinstance(item, Codes) and item.stream == of and item.first >= 4)
        answer = command("streams", "--json", "--wait", "3")
        assert answer.returncode == 0, answer.stderr
        yield {stream["name"]: stream for stream in json.loads(answer.stdout)}


def spec_of(recorder, name):
    return recorder.wait(lambda item: isinstance(item, Spec) and item.source.name == name)


@pytest.mark.parametrize("name", HEADERS)
def test_only_eeg_is_encoded_in_its_unit(listed, recorder, name):
    """Channels that are none are left out with the reason, whatever type they state; `streams` tells the same."""
    spec = spec_of(recorder, name)
    kept, scale = KEPT[name]
    assert spec.channels == kept
    assert spec.unit_scale == pytest.approx(scale)
    told = listed[name]
    assert told["taken"]
    assert tuple(c["label"] for c in told["channels"] if c["kind"] == "EEG") == kept
    assert [(c["label"], c["why"]) for c in told["channels"] if c["kind"] != "EEG"] == [
        (out.label, out.why) for out in spec.left_out
    ]
    assert all(out.why for out in spec.left_out)
    assert tuple(told["notes"]) == spec.notes[: len(told["notes"])]


def test_a_header_that_says_nothing_is_told(listed, recorder):
    """Neither labels nor units: both are noted."""
    notes = spec_of(recorder, "silent").notes
    assert notes[0] == "no channel has a label: the channels are called ch1 to ch3 by their position"
    assert notes[1].startswith("no unit stated: uV assumed for ch1")


def test_numbers_that_are_no_microvolts_get_a_remark(listed, recorder):
    """Volts under the name of microvolts: the state says what they look like, and with which option to correct it."""
    stream = recorder.stream_of("volts")
    state = recorder.wait(
        lambda item: item.kind == "state" and item.stream == stream and item.remarks and item.status == "live"
    )
    assert "look like V" in state.remarks[0]
    assert "--unit V!" in state.why
    muse = [state for state in recorder.states(recorder.stream_of("muse")) if state.status == "live"][-1]
    assert (muse.why, muse.remarks) == (None, ())


@pytest.mark.parametrize("name", REFUSED)
def test_streams_of_no_use_are_told(listed, name):
    """`streams` says why each is not taken."""
    assert not listed[name]["taken"]
    assert REFUSED[name][1] in listed[name]["why"]


def test_late_samples_are_not_lost(daemon, recorder):
    """Whatever a sender's habit of timestamping, nothing that came is told as missing, and all of it is encoded."""
    with ExitStack() as stack:
        senders = {
            name: stack.enter_context(sender(name, channels=PAIR, seconds=10.0, **plan))
            for name, plan in TIMESTAMPS.items()
        }
        sent = {name: int(process.wait_line(r"^sent (\d+)")[1]) for name, process in senders.items()}
        ends = {}
        for name, process in senders.items():
            stream = recorder.stream_of(name)
            recorder.wait(lambda s, of=stream, n=sent[name]: s.kind == "state" and (s.stream, s.received) == (of, n))
            process.release()
            ends[name] = recorder.wait(lambda item, of=stream: isinstance(item, End) and item.stream == of)
    for name, end in ends.items():
        assert [item for item in recorder.of(end.stream) if isinstance(item, Gap)] == [], name
        assert (end.received, end.segment) == (sent[name], 0), name
        assert end.discarded < 0.1 * sent[name], name
    spec = spec_of(recorder, "slower")
    assert (spec.rate_hz, spec.source.nominal_rate_hz) == (128.0, 256.0)
    assert "the stream states 256 Hz, its timestamps show 128 Hz: taken as 128 Hz" in spec.notes


def test_the_user_can_take_what_the_rule_would_not(bundle, tmp_path):
    """A [[stream]] table takes a stream of another type, by channels and units of its own, and an irregular one."""
    settings = tmp_path / "run.toml"
    settings.write_text(
        '[[stream]]\nmatch = "name=own"\nchannels = ["heart*", "3"]\nunit = "heart*=0.1uV!"\n'
        '[[stream]]\nmatch = "name=free"\nrate = 250\n'
    )
    own = [{"label": "heart 1", "type": "ECG", "unit": "mV"}, {"label": "x"}, {"label": "y"}]
    with (
        WarmDaemon(bundle, "--config", str(settings)) as daemon,
        Recorder(daemon.url) as recorder,
        ExitStack() as stack,
    ):
        recorder.connected()
        stack.enter_context(sender("own", type="Data", channels=own))
        stack.enter_context(sender("free", channels=PAIR, rate_hz=0.0, real_hz=250.0, habit="timestamped"))
        taken, free = spec_of(recorder, "own"), spec_of(recorder, "free")
    assert taken.channels == ("heart 1", "y")
    assert taken.unit_scale == pytest.approx((0.1, 1.0))
    assert taken.notes[0] == "channels kept as --channels says: heart*, 3"
    assert [out.label for out in taken.left_out] == ["x"]
    assert (free.rate_hz, free.source.nominal_rate_hz) == (250.0, 0.0)
    assert "rate 250 Hz as --rate says, the stream states no rate" in free.notes
