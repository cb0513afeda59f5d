"""How much of a signal is mains, and when that is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from eegstream.dsp.mains import LINES_HZ, MainsWatch
from tests.laws.strategies import chunks, cuts

RATES_HZ = st.sampled_from([125.0, 128.0, 160.0, 173.61, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0])


def slow(rng: np.random.Generator, channels: int, count: int, rate_hz: float) -> np.ndarray:
    """Something like EEG after the high-pass: noise of unit energy a sample, from 2 to 15 Hz."""
    band = butter(2, (2, 15), "bandpass", fs=rate_hz, output="sos")
    x = np.asarray(sosfilt(band, rng.normal(size=(channels, count + round(rate_hz))), axis=1))[:, -count:]
    return np.asarray(x / np.sqrt(np.square(x).mean(axis=1, keepdims=True)))


def line(rate_hz: float, count: int, hz: float, phase: float = 0.3) -> np.ndarray:
    """A sine of unit energy a sample."""
    return np.sqrt(2) * np.sin(2 * np.pi * hz / rate_hz * np.arange(count) + phase)


def share_of(rate_hz: float, x: np.ndarray, hz: int, notch_hz: float | None = None) -> float:
    """Of the last 10 s."""
    watch = MainsWatch(rate_hz, len(x), notch_hz)
    watch.push(x)
    assert watch.shares is not None
    found = watch.shares[str(hz)]
    assert found is not None
    return found


@given(
    rate_hz=RATES_HZ,
    hz=st.sampled_from(LINES_HZ),
    off_hz=st.floats(-0.2, 0.2),
    share=st.floats(0.0, 1.0),
    phase=st.floats(0, 6.28),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=80)
def test_the_share_of_a_line_is_measured(
    rate_hz: float, hz: int, off_hz: float, share: float, phase: float, seed: int
) -> None:
    """Whatever its strength, phase and small error of frequency; the other line has nothing of it."""
    count = round(10 * rate_hz)
    rest = slow(np.random.default_rng(seed), 15, count, rate_hz)
    x = np.sqrt(1 - share) * rest + np.sqrt(share) * line(rate_hz, count, hz + off_hz, phase)
    measured = share_of(rate_hz, x, hz)
    assert measured == pytest.approx(share, abs=0.05)
    assert share_of(rate_hz, x, 110 - hz) < 0.03
    if share == 1:
        assert measured > 0.97


@given(rate_hz=RATES_HZ, share=st.floats(0.05, 1.0), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_the_band_is_two_hertz_wide(rate_hz: float, share: float, seed: int) -> None:
    """White noise has 2 Hz of all its band there, beside the line."""
    count = round(10 * rate_hz)
    noise = np.random.default_rng(seed).normal(size=(24, count))
    x = np.sqrt(1 - share) * noise + np.sqrt(share) * line(rate_hz, count, 50)
    assert share_of(rate_hz, x, 50) == pytest.approx(share + (1 - share) * 4 / rate_hz, abs=0.03)


@pytest.mark.parametrize(("rate_hz", "known"), [(100, []), (102, []), (103, [50]), (120, [50]), (123, [50, 60])])
def test_a_line_above_the_band_has_no_share(rate_hz: float, known: list[int]) -> None:
    """It and 1 Hz beside it must be below half the rate."""
    watch = MainsWatch(rate_hz, 1)
    watch.push(np.random.default_rng(0).normal(size=(1, 3 * rate_hz)))
    shares = watch.shares
    if known:
        assert shares is not None
        assert [hz for hz in LINES_HZ if shares[str(hz)] is not None] == known
    else:
        assert shares is None or set(shares.values()) == {None}
    assert watch.remark is None


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_chunking_changes_nothing(data: st.DataObject, seed: int) -> None:
    """Shares are the same to the bit, and so is the remark."""
    x = slow(np.random.default_rng(seed), 2, 1300, 128) + 20 * line(128, 1300, 50)
    whole, parts = MainsWatch(128, 2), MainsWatch(128, 2)
    whole.push(x)
    for piece in chunks(x, data.draw(cuts(x.shape[1]))):
        parts.push(piece)
    assert (parts.shares, parts.remark) == (whole.shares, whole.remark)
    whole.finish()
    parts.finish()
    assert parts.remark == whole.remark


def test_the_median_channel_counts() -> None:
    """One bad electrode of three makes no remark, two do."""
    x = slow(np.random.default_rng(1), 3, 2500, 250)
    x[0] += 1000 * line(250, 2500, 50)
    assert share_of(250, x, 50) < 0.1
    x[1] += 1000 * line(250, 2500, 50)
    assert share_of(250, x, 50) > 0.9


def test_a_remark_appears_and_disappears() -> None:
    """With the strength of the last 10 s; at the end it speaks of the whole."""
    rng = np.random.default_rng(2)
    watch = MainsWatch(250, 2)
    quiet, loud = slow(rng, 2, 3000, 250), slow(rng, 2, 3000, 250)
    loud += 3 * line(250, 3000, 60)
    watch.push(quiet[:, :499])
    assert (watch.shares, watch.remark) == (None, None)
    watch.push(quiet[:, 499:])
    assert watch.remark is None
    watch.push(loud)
    assert watch.remark is not None
    assert watch.remark.endswith(" % of the energy is mains at 60 Hz: give --notch 60")
    watch.push(quiet)
    assert watch.remark is None
    watch.finish()
    assert watch.remark is not None
    assert watch.remark.startswith("for ")
    assert " of 36 s, " in watch.remark


@pytest.mark.parametrize(("notch_hz", "is_told"), [(None, True), (60.0, True), (50.0, False)])
def test_a_notch_at_the_line_is_enough(notch_hz: float | None, is_told: bool) -> None:
    """A notch elsewhere does not help."""
    watch = MainsWatch(250, 1, notch_hz)
    watch.push(line(250, 2500, 50)[None])
    assert (watch.remark is not None) == is_told
    watch.finish()
    assert (watch.remark == "100 % of the energy is mains at 50 Hz: give --notch 50") == is_told


@pytest.mark.parametrize("value", [0.0, 7.5, 1e200])
def test_flat_and_absurd_samples_are_no_mains(value: float) -> None:
    """Nothing divides by zero, and nothing overflows."""
    watch = MainsWatch(250, 2)
    watch.push(np.full((2, 1200), value) * np.array([[1.0], [-1.0]]) ** np.arange(1200))
    assert watch.shares is not None
    assert watch.remark is None


def test_a_border_ends_a_block() -> None:
    """What stands on its two sides is not taken for one signal."""
    watch = MainsWatch(250, 1)
    watch.push(line(250, 400, 50)[None])
    watch.reset()
    watch.push(line(250, 499, 50)[None])
    assert watch.shares is None
    watch.push(line(250, 1, 50)[None])
    assert watch.shares is not None
