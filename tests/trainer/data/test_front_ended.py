"""What the model is trained on is what the daemon hands it."""

from dataclasses import replace

import numpy as np
import pytest

from eegstream.dsp.channels import ChannelChoice
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.errors import StreamError
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from trainer.data.front_ended import front_ended, usable_channels

SETTINGS = FrontEndSettings(model_rate_hz=256.0, highpass_hz=0.5, notch_hz=None)
NATIVE = FrontEndSettings(model_rate_hz=None, highpass_hz=0.5, notch_hz=None)


def recording(rate_hz=200.0, seconds=12, hole=0):
    n = int(rate_hz * seconds)
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((3, n)).cumsum(axis=1).astype(np.float32)
    times_s = np.arange(n) / rate_hz
    times_s[n // 2 :] += hole
    return Recording(
        name="x",
        source_id="file:0",
        rate_hz=rate_hz,
        labels=("Cz", "ECG", "Fz"),
        types=("EEG", "ECG", "EEG"),
        units=("microvolts", "microvolts", "millivolts"),
        pieces=HeldSamples(samples),
        times_s=times_s,
        remarks=(),
    )


def test_the_front_end_is_the_daemon_s():
    """Kept channels in microvolts through the same filters, less two seconds and an unfinished end."""
    source = recording()
    (segment,) = front_ended(source, SETTINGS)
    x_uv = source.samples[[0, 2]].astype(np.float64) * [[1.0], [1000.0]]
    expected = FrontEnd(SETTINGS, 200.0, 2).push(x_uv)[:, 512:]
    assert segment.dtype == np.float32
    assert 0 <= expected.shape[1] - segment.shape[1] < 64
    np.testing.assert_array_equal(segment, expected[:, : segment.shape[1]])


def test_a_hole_makes_two_signals_that_settle_anew():
    """No window may span it."""
    segments = front_ended(recording(hole=5), SETTINGS)
    assert len(segments) == 2
    assert all(len(x) == 2 and 800 < x.shape[1] < 6 * 256 for x in segments)


def test_a_recording_that_never_settles_gives_nothing():
    """Two seconds are not enough."""
    assert front_ended(recording(seconds=2), SETTINGS) == []


def test_another_device_s_signal_has_its_rate_and_bandwidth():
    """As a device of 100 Hz would have sent it: at its rate, or back at the model's, without what it cannot hold."""
    source = recording(rate_hz=400.0)
    (native,) = front_ended(source, NATIVE, device_rate_hz=100.0)
    assert native.shape[1] == pytest.approx(10 * 100, abs=70)
    (own,) = front_ended(source, SETTINGS)
    (limited,) = front_ended(source, SETTINGS, device_rate_hz=100.0)
    assert limited.shape[1] == pytest.approx(own.shape[1], abs=200)
    n = min(limited.shape[1], own.shape[1])
    power = {
        name: np.abs(np.fft.rfft(x[0, :n] * np.hanning(n))) ** 2 for name, x in (("own", own), ("limited", limited))
    }
    hz = np.fft.rfftfreq(n, 1 / 256)
    low, high = (hz > 5) & (hz < 30), hz > 65
    assert power["limited"][low].sum() == pytest.approx(power["own"][low].sum(), rel=0.1)
    assert power["limited"][high].sum() < 1e-6 * power["own"][high].sum()


def test_another_device_s_signal_does_not_start_with_a_blow():
    """A large offset, as amplifiers have it, is no transient of the resampler."""
    source = recording(rate_hz=200.0)
    offset = replace(source, pieces=HeldSamples(source.samples + np.float32(4000)))
    (plain,), (lifted,) = (front_ended(x, NATIVE, device_rate_hz=128.0) for x in (source, offset))
    assert np.abs(plain[0] - lifted[0]).max() < 0.5


def test_holes_stay_holes_at_another_rate():
    """No window may span them there either."""
    assert len(front_ended(recording(hole=5), NATIVE, device_rate_hz=128.0)) == 2


def test_bad_channels_are_left_out():
    """By the recording's own word, or by a BIDS table's."""
    source = recording()
    found = usable_channels(replace(source, bad=("Cz",)))
    assert found.labels == ("Fz",)
    assert [(out.label, out.why) for out in found.left_out] == [("ECG", "type ECG"), ("Cz", "marked as bad")]
    assert usable_channels(source, [{"name": "Fz", "status": "Bad"}]).labels == ("Cz",)


def test_a_table_knows_types_and_units_better():
    """A unit only where the recording has none; `n/a` says nothing."""
    source = recording()
    assert usable_channels(source, [{"name": "Fz", "type": "eog"}, {"name": "Cz", "type": "N/A"}]).labels == ("Cz",)
    stated = replace(source, units=("", "", ""))
    rows = [{"name": "Cz", "units": "mV"}, {"name": "Fz", "units": "n/a"}]
    assert usable_channels(stated, rows).unit_scale.tolist() == [1000.0, 1.0]


def test_the_user_s_say_counts_above_a_table_s_but_not_above_a_bad_mark():
    """A pattern that names no channel here may name one in another recording."""
    source = recording()
    rows = [{"name": "ECG", "type": "ECG"}, {"name": "Cz", "type": "EOG"}, {"name": "Fz", "status": "bad"}]
    choice = ChannelChoice.of("Cz,Fz,Oz", "T7")
    found = usable_channels(source, rows, choice)
    assert found.labels == ("Cz",)
    assert "channels kept as --channels says: Cz, Fz" in found.notes
    assert usable_channels(source, rows, ChannelChoice.of("ECG", unit="nV")).labels == ("ECG",)
    with pytest.raises(StreamError, match="--channels has Oz, which matches none of the 3 channels"):
        usable_channels(source, rows, ChannelChoice.of("Oz"))


def test_without_a_usable_channel_there_is_an_error():
    """All bad is as good as none."""
    with pytest.raises(StreamError, match="all EEG channels of the 3 channels are marked as bad"):
        front_ended(replace(recording(), bad=("Cz", "Fz")), SETTINGS)
