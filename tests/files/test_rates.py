"""Sampling rates from timestamps."""

import numpy as np
import pytest

from eegstream.files.rates import measured_rate_hz, snapped_rate_hz, timestamp_remarks


def timestamps(rate_hz=250.0, n=1500):
    return np.arange(n) / rate_hz


@pytest.mark.parametrize("rate_hz", [100.0, 173.61, 250.0, 256.0, 1000.0])
def test_regular_timestamps_have_the_rate_of_the_formula(rate_hz):
    """(n - 1) / (t_n - t_1)."""
    assert measured_rate_hz(timestamps(rate_hz)) == pytest.approx(rate_hz)


@pytest.mark.parametrize("missing", [8, 30, 500, 20_000])
def test_a_hole_does_not_change_the_rate(missing):
    """However long it is against the recording."""
    times_s = timestamps()
    times_s[700:] += missing / 250
    assert snapped_rate_hz(measured_rate_hz(times_s)) == 250


def test_timestamps_in_chunks_have_the_rate_of_the_whole():
    """Twelve samples with one timestamp each time, as some exports have it."""
    times_s = np.repeat(np.arange(200) * 12 / 256, 12)
    assert snapped_rate_hz(measured_rate_hz(times_s)) == 256


def test_rounded_timestamps_have_the_rate_of_the_whole():
    """Milliseconds at 256 Hz are steps of 3 and 4."""
    assert snapped_rate_hz(measured_rate_hz(np.round(timestamps(256.0), 3))) == 256


def test_an_uncommon_measured_rate_is_told():
    """Nobody should find out from the codes."""
    times_s = timestamps(245.1)
    (remark,) = timestamp_remarks(times_s, measured_rate_hz(times_s))
    assert "245.1 Hz is that of the timestamps" in remark
