"""Made-up EEG looks like EEG, and holds what its truth says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import butter, periodogram, sosfiltfilt, welch

from eegstream.errors import RecordingError
from eegstream.files.electrode_positions import head_labels, head_positions
from eegstream.files.recordings import read_recording
from eegstream.files.synthetic import SyntheticEeg, read_synthetic, synthesize

RATES_HZ = (100.0, 173.61, 250.0, 512.0, 1000.0, 2048.0)
SPECS = st.tuples(
    st.one_of(st.sampled_from((1.0, 50000.0, *RATES_HZ)), st.floats(1, 3000)),
    st.integers(1, 256),
    st.integers(2, 3000),
    st.integers(0, 2**63 - 1),
)


@pytest.fixture(scope="module", params=range(4))
def eeg(request: pytest.FixtureRequest) -> SyntheticEeg:
    """Two minutes of 19 channels, of several seeds."""
    return synthesize(250, 19, 120, request.param)


def total_uv(eeg: SyntheticEeg) -> NDArray[np.float64]:
    """Sum (C, T) of the components."""
    return np.asarray(np.sum(list(eeg.truth.components_uv.values()), axis=0))


def in_spans(eeg: SyntheticEeg, spans: tuple[tuple[float, float], ...], margin_s: float) -> NDArray[np.bool_]:
    """(T,) whether a sample is in a span, or within a margin (inwards if negative) of it."""
    times_s = np.arange(eeg.samples_uv.shape[1]) / eeg.rate_hz
    return np.asarray(np.any([(times_s >= a - margin_s) & (times_s < b + margin_s) for a, b in spans], axis=0))


def band(samples: NDArray[np.floating], low_hz: float, high_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Samples (C, T) between two frequencies."""
    sos = butter(4, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, samples.astype(np.float64)))


def channel(eeg: SyntheticEeg, label: str) -> int:
    return eeg.labels.index(label)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_amplitudes_and_slopes_are_those_of_real_eeg(rate_hz: float) -> None:
    for seed in range(3):
        eeg = synthesize(rate_hz, 19, 60, seed)
        within = band(eeg.samples_uv, 1, 40, rate_hz)
        deviations = 1.4826 * np.median(np.abs(within - np.median(within, axis=1, keepdims=True)), axis=1)
        assert np.all((deviations > 4) & (deviations < 30))
        frequencies_hz, power = welch(eeg.samples_uv, rate_hz, nperseg=int(4 * rate_hz))
        fitted = (frequencies_hz >= 2) & (frequencies_hz <= 40) & ((frequencies_hz < 7) | (frequencies_hz > 14))
        slopes = np.polyfit(np.log(frequencies_hz[fitted]), np.log(power[:, fitted].T), 1)[0]
        assert -2 < np.median(slopes) < -1
        assert np.all((slopes > -3) & (slopes < -0.5))


def test_near_electrodes_see_more_of_the_same_than_far_ones(eeg: SyntheticEeg) -> None:
    positions = head_positions(19)
    correlations = np.asarray(np.corrcoef(eeg.truth.components_uv["background"]))
    angles = np.arccos(np.clip(positions @ positions.T, -1, 1))
    near = correlations[(angles > 0.01) & (angles < 0.8)]
    assert near.mean() > 0.35
    assert near.mean() > correlations[angles > 1.6].mean() + 0.3


def test_alpha_rises_at_the_back_with_closed_eyes(eeg: SyntheticEeg) -> None:
    closed = in_spans(eeg, eeg.truth.eyes_closed_s, -0.5)
    opened = ~in_spans(eeg, eeg.truth.eyes_closed_s, 0.5)
    power = band(eeg.samples_uv, 8.5, 11.5, eeg.rate_hz) ** 2
    for label in ("O1", "O2"):
        assert power[channel(eeg, label), closed].mean() > 3 * power[channel(eeg, label), opened].mean()
    alpha = eeg.truth.components_uv["alpha"].std(axis=1)
    assert eeg.labels[int(np.argmax(alpha))] in ("O1", "O2")
    assert alpha[channel(eeg, "O1")] > 2 * alpha[channel(eeg, "Fp1")]


def test_blinks_are_where_the_truth_says(eeg: SyntheticEeg) -> None:
    frontal = eeg.truth.components_uv["blinks"][channel(eeg, "Fp1")]
    peaks = np.flatnonzero((frontal[1:-1] > frontal[:-2]) & (frontal[1:-1] >= frontal[2:]) & (frontal[1:-1] > 50)) + 1
    assert len(peaks) == len(eeg.truth.blinks_s) >= 5
    np.testing.assert_allclose(peaks / eeg.rate_hz, eeg.truth.blinks_s, atol=1.5 / eeg.rate_hz)
    assert np.all((frontal[peaks] > 98) & (frontal[peaks] < 205))
    assert np.abs(eeg.truth.components_uv["blinks"][channel(eeg, "O1")]).max() < 5
    assert not np.any(in_spans(eeg, eeg.truth.eyes_closed_s, 0)[peaks])
    slow = band(eeg.samples_uv, 0.5, 15, eeg.rate_hz)[channel(eeg, "Fp1")]
    assert np.all(slow[peaks] > 50)


def test_muscle_is_fast_temporal_and_only_in_bursts(eeg: SyntheticEeg) -> None:
    emg = eeg.truth.components_uv["emg"]
    bursts = in_spans(eeg, eeg.truth.emg_s, 0)
    far = ~in_spans(eeg, eeg.truth.emg_s, 0.5)
    assert eeg.labels[int(np.argmax(emg.std(axis=1)))] in ("T7", "T8")
    assert emg[:, far].std() < 0.01 * emg[:, bursts].std()
    frequencies_hz, power = welch(emg[channel(eeg, "T7")], eeg.rate_hz, nperseg=1000)
    assert power[(frequencies_hz > 18) & (frequencies_hz < 120)].sum() > 0.95 * power.sum()
    fast = band(eeg.samples_uv, 60, 100, eeg.rate_hz)[channel(eeg, "T7")]
    assert fast[bursts].std() > 3 * fast[far].std()


@pytest.mark.parametrize(("rate_hz", "shown"), [(100.0, False), (173.61, True), (250.0, True), (1000.0, True)])
def test_mains_line_shows_where_the_rate_holds_it(rate_hz: float, shown: bool) -> None:
    eeg = synthesize(rate_hz, 8, 60, 3)
    frequencies_hz, power = welch(eeg.samples_uv, rate_hz, nperseg=int(4 * rate_hz))
    line = power[:, np.abs(frequencies_hz - 50) < 0.6].max(axis=1)
    beside = power[:, (np.abs(frequencies_hz - 50) > 2) & (np.abs(frequencies_hz - 50) < 6)].mean(axis=1)
    assert np.all(line > 5 * beside) == shown
    assert bool(np.any(eeg.truth.components_uv["mains"])) == shown


@pytest.mark.parametrize("rate_hz", [1.0, 13.0, 30.0, 64.0, 120.0, *RATES_HZ, 50000.0])
def test_nothing_lies_near_or_above_half_the_rate(rate_hz: float) -> None:
    eeg = synthesize(rate_hz, 4, max(4.0, 2000 / rate_hz), 5)
    for name, component in eeg.truth.components_uv.items():
        frequencies, power = periodogram(component, window="blackmanharris")
        assert power[:, frequencies > 0.485].sum() <= 1e-6 * power.sum(), name


@pytest.mark.parametrize(("rate_hz", "fine_hz"), [(25.0, 400.0), (40.0, 640.0)])
def test_blinks_of_a_slow_recording_are_those_of_a_quick_one(rate_hz: float, fine_hz: float) -> None:
    slow, quick = (synthesize(rate, 2, 30, 1).truth.components_uv["blinks"] for rate in (rate_hz, fine_hz))
    np.testing.assert_allclose(
        slow, quick[:, :: int(fine_hz / rate_hz)], atol=3
    )  # the slow one lacks what is above 10 Hz


@settings(max_examples=25, deadline=None)
@given(SPECS)
def test_any_rate_count_and_length_gives_its_components_sum(spec: tuple[float, int, int, int]) -> None:
    rate_hz, n_channels, n_samples, seed = spec
    eeg = synthesize(rate_hz, n_channels, n_samples / rate_hz, seed)
    assert eeg.samples_uv.shape == (n_channels, n_samples)
    assert eeg.samples_uv.dtype == np.float32
    assert np.all(np.isfinite(eeg.samples_uv))
    assert all(component.shape == (n_channels, n_samples) for component in eeg.truth.components_uv.values())
    np.testing.assert_allclose(eeg.samples_uv, total_uv(eeg), rtol=1e-6, atol=1e-4)
    assert eeg.labels == head_labels(n_channels)
    again = read_synthetic(
        f"synthetic:rate={rate_hz!r},channels={n_channels},seconds={n_samples / rate_hz!r},seed={seed}"
    )
    assert again.samples.tobytes() == eeg.samples_uv.tobytes()


def test_same_seed_same_bits_other_seed_other_samples() -> None:
    first, same, other = (synthesize(250, 8, 10, seed).samples_uv for seed in (7, 7, 8))
    assert first.tobytes() == same.tobytes()
    assert np.all(np.abs(np.corrcoef(first, other)[:8, 8:]) < 0.9)
    assert not np.any(first[:, 100:] == other[:, 100:])


def test_electrodes_have_names_as_far_as_there_are_any() -> None:
    labels = head_labels(256)
    assert labels[:2] == ("Fp1", "Fp2")
    assert labels[64:66] == ("ch65", "ch66")
    assert not any(label.startswith("ch") for label in labels[:64])
    assert len(set(labels)) == 256
    positions = head_positions(256)
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 1)
    x, y, z = positions[[labels.index(label) for label in ("T7", "Fpz", "Cz")]]
    assert x[0] < -0.9
    assert y[1] > 0.9
    assert z[2] == 1


def test_a_recording_states_what_a_stream_would() -> None:
    recording = read_recording("synthetic: seed=2, rate=173.61, channels=4, seconds=10")
    assert recording.name == "synthetic-173.61hz-4ch"
    assert recording.rate_hz == 173.61
    assert recording.labels == ("Fp1", "Fp2", "O1", "O2")
    assert recording.types == ("EEG",) * 4
    assert recording.units == ("microvolts",) * 4
    assert recording.samples.shape == (4, 1736)
    np.testing.assert_array_equal(recording.times_s, np.arange(1736) / 173.61)
    assert recording.remarks == ()


def test_one_specification_has_one_identity() -> None:
    default = read_synthetic("synthetic:")
    assert default.name == "synthetic-250hz-8ch"
    assert default.samples.shape == (8, 15000)
    assert default.source_id.startswith("file:")
    assert len(default.source_id) == 21
    for text in ("synthetic:seed=0,rate=250.0", "synthetic:seconds=60, channels=8", "synthetic:rate=2.5e2"):
        assert read_synthetic(text).source_id == default.source_id
    assert read_synthetic("synthetic:seed=1").source_id != default.source_id


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hertz=250", "hertz=250"),
        ("250", "250"),
        ("rate=", "rate="),
        ("rate=fast", "rate=fast"),
        ("rate=nan", "rate=nan"),
        ("rate=1e", "rate=1e"),
        ("rate=1e999", "rate=inf"),
        ("rate=0.5", "rate=0.5"),
        ("rate=50001", "rate=50001"),
        ("rate=250,rate=250", "rate was given twice"),
        ("channels=0", "channels=0"),
        ("channels=257", "channels=257"),
        ("channels=8.5", "channels=8.5"),
        ("channels=٨", "channels="),
        ("seed=-1", "seed=-1"),
        ("seed=1" + "0" * 30, "seed=1000"),
        ("seconds=0", "seconds=0"),
        ("seconds=-3", "seconds=-3"),
        ("seconds=0.004", "seconds=0.004"),
        ("seconds=1e300", "seconds=1e+300"),
    ],
)
def test_a_wrong_specification_is_told_in_one_line(text: str, named: str) -> None:
    with pytest.raises(RecordingError) as caught:
        read_synthetic(f"synthetic:{text}")
    line = str(caught.value)
    assert named in line
    assert "rate (default 250), channels (default 8), seconds (default 60), seed (default 0)" in line
    assert "synthetic:rate=250,channels=8,seconds=60,seed=1" in line
    assert "\n" not in line


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30).filter(lambda text: any(part.strip() for part in text.split(","))))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(RecordingError):
        read_synthetic(f"synthetic:{text}")
