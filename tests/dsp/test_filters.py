"""The causal filters against scipy and against analysis."""

import numpy as np
import pytest
from scipy import signal

from eegstream.dsp.filters import SosFilter, highpass_sos, notch_sos
from eegstream.errors import ConfigError


def test_highpass_is_the_butterworth_of_the_contract():
    """Second order, at -3 dB at its cut-off."""
    np.testing.assert_array_equal(highpass_sos(0.5, 250), signal.butter(2, 0.5, "highpass", fs=250, output="sos"))
    _, gain = signal.sosfreqz(highpass_sos(0.5, 250), worN=[0.5], fs=250)
    assert abs(gain[0]) == pytest.approx(np.sqrt(0.5))


def test_notch_is_the_iirnotch_of_the_contract():
    """Quality 30, gone at its frequency."""
    b, a = signal.iirnotch(50, 30, fs=250)
    np.testing.assert_array_equal(notch_sos(50, 250), [[*b, *a]])
    y = SosFilter(notch_sos(50, 250)).push(np.sin(2 * np.pi * 50 * np.arange(2500) / 250)[None])
    assert np.abs(y[:, -250:]).max() < 1e-3


@pytest.mark.parametrize("sos", [highpass_sos(0.5, 250), notch_sos(50, 250)])
def test_starts_in_the_steady_state_of_the_first_sample(sos):
    """An electrode's offset makes no jump: a constant passes the notch unchanged, and leaves the high-pass as 0."""
    y = SosFilter(sos).push(np.full((2, 100), 31_415.9))
    assert np.ptp(y, axis=1).max() < 1e-6


def test_equals_scipy_in_one_piece():
    """Streaming adds nothing to sosfilt."""
    x = np.random.default_rng(0).normal(size=(2, 500))
    sos = highpass_sos(0.5, 250)
    expected, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos)[:, None, :] * x[None, :, :1])
    np.testing.assert_array_equal(SosFilter(sos).push(x), expected)


@pytest.mark.parametrize("design", [highpass_sos, notch_sos])
def test_frequencies_from_half_the_rate_on_are_refused(design):
    """The message names both numbers."""
    with pytest.raises(ConfigError, match=r"at 50 Hz needs a rate above 100 Hz, the rate is 100 Hz"):
        design(50, 100)
