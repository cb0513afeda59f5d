"""What the model is trained on is what the daemon hands it."""

import numpy as np
import pytest

from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.files.recordings import Recording
from trainer.signals import at_rates, front_ended

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
        samples=samples,
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


def test_other_rates_are_told_with_their_signals():
    """As the device's own rate, and as other devices would have sent it; each once."""
    signals = at_rates("a", recording(), NATIVE, (100.0, 200.0, 400.0))
    assert [signal.rate_hz for signal in signals] == [200.0, 100.0, 400.0]
    lengths = [signal.samples_uv.shape[1] for signal in signals]
    assert lengths == pytest.approx([2000, 1000, 4000], abs=100)
    assert {signal.data_set for signal in signals} == {"a"}


def test_a_model_of_one_rate_is_told_the_source_s():
    """The samples are at 256 Hz, the condition is what the stream declared."""
    (signal,) = at_rates("a", recording(), SETTINGS, ())
    assert signal.rate_hz == 200.0
    assert signal.samples_uv.shape[1] > 2400
