"""Codes files of real commands: recorded, cut short by a crash, decoded."""

import time

import numpy as np

from eegstream import read_codes
from eegstream.client import Codes, Spec, State
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.files.codes import CodesReader
from eegstream.files.recordings import read_recording
from tests.e2e.harness import PATIENCE_S, OutletPlan, Process, command, outlet
from tests.identity_bundle import pinned

SYNTHETIC = "synthetic:rate=250,channels=3,seconds=5,seed=3"


def number_of_codes(path):
    """How many messages of codes can be read of a file that is being written."""
    return sum(isinstance(message, Codes) for message in CodesReader(path)) if path.exists() else 0


def test_a_recording_killed_is_read_to_its_last_whole_message(daemon, recorder, bundle, tmp_path):
    """Killed with -9, `record` leaves what it heard, in order, behind the spec; `decode` says that it is unfinished."""
    path = tmp_path / "killed.codes.mcap"
    arguments = ("-m", "eegstream", "record", "-o", str(path), "--connect", daemon.url)
    with Process("record", *arguments) as recording, outlet(OutletPlan("filmed", "filmed-1", seconds=60.0)):
        recording.wait_line("^recording ")
        stream = recorder.stream_of("filmed")
        deadline_s = time.monotonic() + PATIENCE_S
        while number_of_codes(path) < 4 and time.monotonic() < deadline_s:
            time.sleep(0.1)
        recording.kill()
    reader = CodesReader(path)
    written = [message for message in reader if message.stream == stream and not isinstance(message, State)]
    assert not reader.finished
    assert isinstance(written[0], Spec)
    recorder.wait(lambda item: not isinstance(item, State) and (item.stream, item.seq) == (stream, written[-1].seq))
    heard = {item.seq: item for item in recorder.of(stream) if not isinstance(item, State)}
    numbers = [message.seq for message in written[1:]]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "it may have been connected after the first codes"
    assert all(message == heard[message.seq] for message in written)
    assert sum(isinstance(message, Codes) for message in written) >= 4

    decoded = command("decode", str(path), "-o", str(tmp_path / "d.npz"), "--stream", stream, *pinned(bundle))
    assert decoded.returncode == 0
    assert "unfinished" in decoded.stderr


def test_decode_gives_back_the_front_ended_signal(bundle, tmp_path):
    """The very samples that went into a bundle that loses nothing, their times, labels, rate, and what is left out."""
    codes, signal = tmp_path / "s.codes.mcap", tmp_path / "s.npz"
    assert command("encode", SYNTHETIC, "-o", str(codes), *pinned(bundle)).returncode == 0
    decoded = command("decode", str(codes), "-o", str(signal), *pinned(bundle))
    assert decoded.returncode == 0, decoded.stderr
    recording = read_recording(SYNTHETIC)
    front_end = FrontEnd(FrontEndSettings(256.0, 0.5, None), recording.rate_hz, len(recording.labels))
    expected = front_end.push(recording.samples.astype(np.float64))
    content = np.load(signal)
    (segment,) = read_codes(codes)
    assert content["eeg_uv"].shape == (3, 64 * len(segment.codes))
    np.testing.assert_array_equal(content["eeg_uv"], expected[:, : 64 * len(segment.codes)].astype(np.float32))
    np.testing.assert_allclose(content["t"], np.arange(content["t"].size) / 256, atol=1e-6)
    assert (content["rate_hz"], list(content["labels"])) == (256.0, list(recording.labels))
    assert set(content["epoch"]) == set(content["segment"]) == {0}
    assert f"no patch covers {segment.account.discarded / segment.spec.rate_hz:.2f} s" in decoded.stderr
