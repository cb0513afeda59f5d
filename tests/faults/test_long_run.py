"""An hour of a device whose clock is off by 1 % and wanders: times stay true, impulses come out at their times."""

from itertools import count

import numpy as np
import pytest

from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import Manifest
from eegstream.epoch import Epoch, MessageContext, follow_stream
from eegstream.events import Patch, SegmentEnd
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from eegstream.files.segments import collect_segments
from eegstream.following import Happened
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.tokenizer import Tokenizer, encode_recording
from eegstream.wire.messages import Source
from tests.identity_bundle import manifest, write_bundle
from tests.long_run import Device, impulse_errors_s, time_errors_s, top_of

PATCH, MODEL_HZ = 64, 256.0
HOUR_S, START_S = 3600, 10.0
SOURCE = Source(name="s", type="EEG", source_id="", uid="", hostname="", session_id="", format="float32")
FACTS = ModelFacts(Manifest.model_validate(manifest(PATCH)), "ab" * 32, "cpu", "float32", "2")


def run(device, jitter_s, seconds=HOUR_S, chunk=125):
    """Every patch of a device that starts at 5000 s, and the number of samples."""
    geometry = StreamGeometry(SOURCE, device.rate_hz, ("Cz",), ("EEG",), ("microvolts",))
    following = follow_stream(
        geometry, FACTS, SignalOptions(), lambda: MessageContext("s-000000", "0" * 16, 0, count().__next__)
    )
    rng, patches, n_samples = np.random.default_rng(0), [], round(seconds * device.rate_hz)
    for first in range(0, n_samples, chunk):
        true_s = 5000 + device.times_s(np.arange(first, first + chunk))
        stamps_s = true_s + jitter_s * rng.normal(size=chunk)
        steps = following.push(device.samples(first, chunk), stamps_s, float(true_s[-1]) + 0.01)
        for step in steps:
            if isinstance(step, Happened):
                assert not isinstance(step.event, SegmentEnd)
                patches.append(step.event)
    assert isinstance(following.current, Epoch)
    return [patch for patch in patches if isinstance(patch, Patch)], n_samples


@pytest.mark.parametrize(("drift", "jitter_s"), [(0.01, 1e-3), (-0.01, 0.0)])
def test_times_stay_true_for_an_hour(drift, jitter_s):
    """After the start, a patch's time and an impulse's are within 1 ms of the truth, without a single gap."""
    device = Device(drift=drift)
    patches, n_samples = run(device, jitter_s)
    t, index = np.array([patch.t_s for patch in patches]) - 5000, np.array([patch.index for patch in patches])
    assert t[-1] > HOUR_S * 0.98
    errors_s = time_errors_s(device, t, index, PATCH, MODEL_HZ)
    assert np.abs(errors_s[t > START_S]).max() < 1e-3
    y = np.concatenate([patch.samples_uv[0] for patch in patches])
    impulses_s = impulse_errors_s(device, y, t, PATCH, MODEL_HZ, n_samples)
    assert len(impulses_s) > 480
    assert np.abs(impulses_s[2:]).max() < 1e-3


def test_an_hour_of_the_rate_that_is_stated_is_exact():
    """Without drift and jitter, times are true to a microsecond, and impulses to a twentieth of a sample."""
    device = Device(drift=0.0, wobble=0.0)
    patches, n_samples = run(device, 0.0)
    t, index = np.array([patch.t_s for patch in patches]) - 5000, np.array([patch.index for patch in patches])
    assert np.abs(time_errors_s(device, t, index, PATCH, MODEL_HZ)).max() < 1e-6
    y = np.concatenate([patch.samples_uv[0] for patch in patches])
    assert np.abs(impulse_errors_s(device, y, t, PATCH, MODEL_HZ, n_samples)).max() < 0.2e-3


@pytest.mark.parametrize("drift", [0.0, 0.01, -0.01])
def test_an_impulse_is_decoded_at_its_time(tmp_path, drift):
    """From samples to codes and back, with a bundle whose codes are the samples: the top is where `t` is its time."""
    device = Device(drift=drift)
    n_samples = round(60 * device.rate_hz)
    recording = Recording(
        name="device",
        source_id="file:0",
        rate_hz=device.rate_hz,
        labels=("Cz",),
        types=("EEG",),
        units=("microvolts",),
        pieces=HeldSamples(device.samples(0, n_samples)),
        times_s=device.times_s(np.arange(n_samples)),
        remarks=(),
    )
    bundle = write_bundle(tmp_path / "identity.pt", manifest(PATCH))
    tokenizer = Tokenizer.load(str(bundle), "cpu", allow_unsigned=True)
    messages = encode_recording(recording, tokenizer.engine, tokenizer.engine.facts, SignalOptions())
    back = tokenizer.decode(collect_segments(messages, "device"))
    impulses = device.impulses(n_samples - 200)
    assert len(impulses) == 8
    for sample in impulses:
        place = top_of(back.eeg_uv[0], int(np.argmin(np.abs(back.t - device.times_s(sample)))))
        assert abs(np.interp(place, np.arange(len(back.t)), back.t) - device.times_s(sample)) < 1e-3
