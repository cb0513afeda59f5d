"""The resampler against analysis and against scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from eegstream.dsp.resample import Grid, Resampler, as_ratio
from eegstream.errors import ConfigError
from eegstream.kernels import compiled

RATES_HZ = (100, 125, 128, 160, 173.61, 200, 250, 300, 500, 512, 1000, 2000, 2048)
MODEL_RATE_HZ = 256.0


def resample(x: np.ndarray, rate_hz: float) -> np.ndarray:
    return Resampler(Grid.between(rate_hz, MODEL_RATE_HZ), len(x)).push(x)


def tone(rate_hz: float, frequency_hz: float, seconds: float = 4.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)[None]


def settled(y: np.ndarray, rate_hz: float) -> np.ndarray:
    """Without the first reach, where samples before the start count as zero."""
    return y[:, int(20 / min(rate_hz, MODEL_RATE_HZ) * MODEL_RATE_HZ) + 1 :]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_equals_upfirdn_to_one_ulp_of_float32(rate_hz):
    """The formula is that of scipy.signal.upfirdn, cut to start at y[0]."""
    grid = Grid.between(rate_hz, MODEL_RATE_HZ)
    x = np.random.default_rng(0).normal(size=(2, round(2.5 * rate_hz)))
    window = ("kaiser", 7.857)
    taps = grid.up * signal.firwin(2 * grid.half + 1, 1 / max(grid.up, grid.down), window=window)
    oracle = signal.upfirdn(taps, x, up=grid.up, down=1, axis=-1)[:, grid.half :: grid.down]
    y = resample(x, rate_hz)
    oracle = oracle[:, : y.shape[1]].astype(np.float32)
    np.testing.assert_allclose(y.astype(np.float32), oracle, rtol=2**-23, atol=2**-23 * np.abs(oracle).max() * 1e-3)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_passband_is_flat_and_adds_no_delay(rate_hz):
    """Up to 0.35 of the lower rate a tone keeps its amplitude within 0.01 dB, and its phase."""
    limit_hz = 0.35 * min(rate_hz, MODEL_RATE_HZ)
    for frequency_hz in (1.0, 10.0, limit_hz):
        y = settled(resample(tone(rate_hz, frequency_hz), rate_hz), rate_hz)
        expected = settled(tone(MODEL_RATE_HZ, frequency_hz), rate_hz)[:, : y.shape[1]]
        tolerance = 10 ** (0.01 / 20) - 1
        np.testing.assert_allclose(y, expected, atol=tolerance)


@pytest.mark.parametrize("rate_hz", [r for r in RATES_HZ if r > MODEL_RATE_HZ])
def test_aliases_are_78_db_down(rate_hz):
    """From 0.65 of the model's rate on, nothing passes."""
    for factor in (0.65, 0.8, 0.95):
        frequency_hz = factor * MODEL_RATE_HZ
        if frequency_hz >= rate_hz / 2:
            continue
        y = settled(resample(tone(rate_hz, frequency_hz), rate_hz), rate_hz)
        assert 20 * np.log10(np.abs(y).max()) < -77.5


@pytest.mark.parametrize("rate_hz", [r for r in RATES_HZ if r < MODEL_RATE_HZ])
def test_images_are_78_db_down(rate_hz):
    """A slow stream's tone leaves no image above its own Nyquist frequency."""
    frequency_hz = 0.35 * rate_hz
    y = settled(resample(tone(rate_hz, frequency_hz, 8.0), rate_hz), rate_hz)
    wanted = settled(tone(MODEL_RATE_HZ, frequency_hz, 8.0), rate_hz)[:, : y.shape[1]]
    gain = (y @ wanted.T).item() / (wanted @ wanted.T).item()
    assert 20 * np.log10(np.std(y - gain * wanted) / np.std(wanted)) < -75


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_impulse_comes_out_at_its_own_time(rate_hz):
    """The response to x[j] = 1 is the filter, centred on j / rate."""
    grid = Grid.between(rate_hz, MODEL_RATE_HZ)
    taps = grid.up * signal.firwin(2 * grid.half + 1, 1 / max(grid.up, grid.down), window=("kaiser", 7.857))
    j = round(0.5 * rate_hz)
    x = np.zeros((1, round(2 * rate_hz)))
    x[0, j] = 1
    y = resample(x, rate_hz)[0]
    for k, value in enumerate(y):
        n = k * grid.down + grid.half - j * grid.up
        assert value == (taps[n] if 0 <= n < taps.size else 0)


@given(st.sampled_from(RATES_HZ), st.integers(0, 3000))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_an_output_leaves_with_the_last_sample_that_it_needs(rate_hz, k):
    """Not a sample later, not a sample earlier."""
    grid = Grid.between(rate_hz, MODEL_RATE_HZ)
    start, stop = grid.reach(k, k)
    assert grid.outputs_after(stop) >= k + 1
    assert grid.outputs_after(stop - 1) <= k
    assert start == -((grid.half - k * grid.down) // grid.up)
    assert stop - 1 == (k * grid.down + grid.half) // grid.up


def test_equal_rates_bypass():
    """256 Hz to 256 Hz is the identity, and so is a model at the stream's own rate."""
    assert Grid.between(256, 256.0).is_identity
    assert Grid.between(256.0, 256.0) == Grid(1, 1, 0)
    assert Grid.between(1000, None).is_identity


def test_rates_are_the_fractions_that_their_digits_name():
    """173.61 Hz is 17361/100, not the nearest double."""
    assert as_ratio(173.61).as_integer_ratio() == (17361, 100)
    assert (Grid.between(173.61, 256).up, Grid.between(173.61, 256).down) == (25600, 17361)


def test_absurd_ratios_are_refused():
    """A ratio beyond 262144 would take gigabytes of filter."""
    with pytest.raises(ConfigError, match="above the limit of 262144"):
        Grid.between(49999.993, 256.0)


def test_channels_do_not_meet():
    """One channel alone gives the bits that it gives among others."""
    x = np.random.default_rng(1).normal(size=(5, 900))
    np.testing.assert_array_equal(resample(x, 500)[2:3], resample(x[2:3], 500))


@pytest.mark.skipif(compiled is None, reason="the kernels in C were not built")
@given(
    st.sampled_from(RATES_HZ),
    st.integers(1, 40),
    st.lists(st.integers(0, 300), max_size=12),
    st.sampled_from([1.0, 1e-300, 1e300]),
)
@settings(deadline=None, max_examples=60, derandomize=True)
def test_the_compiled_sums_are_those_of_python(rate_hz, n_channels, counts, size):
    """To the bit, whatever the chunks, the number of channels and the size of the numbers."""
    grid = Grid.between(rate_hz, MODEL_RATE_HZ)
    slow, fast = Resampler(grid, n_channels, kernels=None), Resampler(grid, n_channels)
    rng = np.random.default_rng(len(counts))
    for count in counts:
        x = rng.normal(size=(n_channels, count)) * size
        assert slow.push(x).tobytes() == fast.push(x).tobytes()
