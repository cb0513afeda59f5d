"""The whole signal path on signals whose answer is known."""

import numpy as np
import pytest
from scipy import signal

from eegstream.dsp.channels import select_channels
from eegstream.dsp.flags import PatchFlag
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.events import Patch, SegmentEnd
from eegstream.pipeline import PipelineSettings, StreamPipeline

RAW = FrontEndSettings(None, None, None)
RESAMPLED = FrontEndSettings(256.0, None, None)
HIGHPASSED = FrontEndSettings(256.0, 0.5, None)


def make(frontend=RAW, rate_hz=250.0, n_channels=1, unit="microvolts", **settings):
    labels = [f"C{n}" for n in range(n_channels)]
    selection = select_channels(labels, ["EEG"] * n_channels, [unit] * n_channels)
    defaults = {"patch": 50, "hop": 50, "amplitude_uv": 1000.0} | settings
    return StreamPipeline(PipelineSettings(frontend, **defaults), rate_hz, selection)


def play(stages, x, timestamps_s, arrived_s=0.0):
    events = stages.push(np.asarray(x, np.float32), np.asarray(timestamps_s), arrived_s) + stages.finish("gone")
    patches = [event for event in events if isinstance(event, Patch)]
    return patches, [event for event in events if isinstance(event, SegmentEnd)]


def noise(length, n_channels=1, seed=0):
    return np.random.default_rng(seed).normal(scale=10, size=(n_channels, length)).astype(np.float32)


def timestamps(length, rate_hz=250.0, start_s=100.0):
    return start_s + np.arange(length) / rate_hz


def test_a_bypassed_path_is_the_signal_itself():
    """No filter, no resampling: patches are the samples, times the timestamps."""
    x = noise(525, 2)
    patches, (end,) = play(make(n_channels=2), x, timestamps(525))
    np.testing.assert_array_equal(np.concatenate([patch.samples_uv for patch in patches], axis=1), x[:, :500])
    np.testing.assert_allclose([patch.t_s for patch in patches], 100 + np.arange(10) * 0.2, atol=1e-9)
    assert (end.received, end.discarded, end.emitted, end.tail) == (525, 25, 10, 25)
    assert end.t_from_s == pytest.approx(100 + 525 / 250)


def test_the_front_end_is_that_of_the_contract():
    """High-pass, notch and resampler in this order, as scipy computes them in one piece."""
    rate_hz, x = 500.0, noise(3000).astype(np.float64)
    patches, _ = play(
        make(FrontEndSettings(256.0, 0.5, 50.0), rate_hz, patch=256, hop=256), x, timestamps(3000, rate_hz)
    )
    for sos in (
        signal.butter(2, 0.5, "highpass", fs=rate_hz, output="sos"),
        np.array([np.concatenate(signal.iirnotch(50, 30, fs=rate_hz))]),
    ):
        x, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos)[:, None, :] * x[None, :, :1])
    half = 9 * 125
    taps = 64 * signal.firwin(2 * half + 1, 1 / 125, window=("kaiser", 7.857))
    expected = signal.upfirdn(taps, x, 64, 1)[:, half::125]
    y = np.concatenate([patch.samples_uv for patch in patches], axis=1)
    np.testing.assert_allclose(y, expected[:, : y.shape[1]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [100.0, 173.61, 250.0, 256.0, 1000.0])
def test_a_patch_has_the_time_of_its_first_sample(rate_hz):
    """Nothing is subtracted for the resampler: y[k] belongs to time k / 256."""
    length = round(5 * rate_hz)
    patches, _ = play(make(RESAMPLED, rate_hz, patch=64, hop=64), noise(length), timestamps(length, rate_hz))
    np.testing.assert_allclose([patch.t_s for patch in patches], 100 + np.arange(len(patches)) * 0.25, atol=1e-6)


def test_a_pulse_lies_in_its_patch_at_its_time():
    """An impulse 1.5 s after the start peaks in the patch and at the place of that moment."""
    x = np.zeros((1, 1500), np.float32)
    x[0, 750] = 1
    patches, _ = play(make(RESAMPLED, 500.0, patch=256, hop=256), x, timestamps(1500, 500.0))
    assert int(np.abs(patches[1].samples_uv[0]).argmax()) == 128


def test_arrival_is_that_of_the_last_needed_sample():
    """The chunk that brought the last sample within reach counts, not the one that ended the wait."""
    stages = make(RESAMPLED, 500.0, patch=64, hop=64)
    x, times = noise(1000), timestamps(1000, 500.0)
    events = [stages.push(x[:, n : n + 10], times[n : n + 10], arrived_s=n + 10) for n in range(0, 1000, 10)]
    patches = [event for part in events for event in part if isinstance(event, Patch)]
    for patch in patches:
        needed = ((patch.index * 64 + 63) * 125 + 9 * 125) // 64
        assert patch.arrived_s == (needed // 10 + 1) * 10
        assert patch.needed_s == pytest.approx(times[needed])


def test_units_are_scaled_to_microvolts():
    """Volts times a million."""
    patches, _ = play(make(unit="V"), noise(500) * 1e-6, timestamps(500))
    np.testing.assert_allclose(patches[0].samples_uv, noise(500)[:, :50], rtol=1e-6)


def test_a_hole_ends_the_segment_and_is_counted():
    """50 samples missing: `missing`, both sides' times, and a fresh start behind it."""
    times = timestamps(1000)
    times[600:] += 50 / 250
    patches, (gap, end) = play(make(HIGHPASSED, patch=64, hop=64), noise(1000), times)
    assert (gap.reason, gap.missing, gap.received, end.reason) == ("missing", 50, 600, "gone")
    assert gap.t_from_s == pytest.approx(100 + 600 / 250, abs=1e-6)
    assert gap.t_to_s == pytest.approx(100 + 650 / 250, abs=1e-6)
    assert [patch.index for patch in patches if patch.segment == 1] == list(range(end.emitted))
    assert next(patch for patch in patches if patch.segment == 1).t_s == pytest.approx(100 + 650 / 250, abs=1e-6)


def test_a_step_back_is_a_clock_gap():
    """Timestamps that run backwards begin a segment of their own."""
    times = timestamps(1000)
    times[600:] -= 1.0
    _, (gap, _) = play(make(), noise(1000), times)
    assert (gap.reason, gap.missing, gap.received) == ("clock", 0, 600)


def test_blocks_without_timestamps_count_as_discarded():
    """Samples that no clock can time belong to the gap before the next timed one, once."""
    times = timestamps(2000)
    times[1000:1500] = np.nan
    patches, accounts = play(make(), noise(2000), times)
    assert sum(account.received for account in accounts) == 2000
    assert [account.reason for account in accounts][-1] == "gone"
    assert all(np.isfinite(patch.t_s) for patch in patches)


def test_a_stream_without_any_timestamps_has_no_patches_and_one_account():
    """Everything is discarded, and nobody invents a time."""
    patches, (end,) = play(make(), noise(500), np.full(500, np.nan))
    assert not patches
    assert (end.received, end.discarded, end.emitted, end.t_from_s, end.reason) == (500, 500, 0, None, "gone")


def test_an_empty_epoch_has_an_account():
    """No sample at all is an account of zeros."""
    (end,) = make().finish("shutdown")
    assert (end.received, end.discarded, end.emitted, end.tail, end.t_from_s) == (0, 0, 0, 0, None)


def test_a_small_hole_is_filled_on_request():
    """20 ms at 250 Hz are 5 samples on a straight line; they are flagged, and not received."""
    x = np.arange(1000, dtype=np.float32)[None]
    keep = np.delete(np.arange(1000), np.arange(600, 605))
    patches, (end,) = play(make(fill_s=0.02), x[:, keep], timestamps(1000)[keep])
    np.testing.assert_allclose(np.concatenate([patch.samples_uv for patch in patches], axis=1)[0], x[0], atol=1e-3)
    assert [bool(patch.flags[0] & PatchFlag.FILLED) for patch in patches] == [n == 12 for n in range(20)]
    assert (end.received, end.discarded, end.emitted) == (995, 0, 20)
    assert patches[-1].t_s == pytest.approx(100 + 950 / 250, abs=1e-6)


def test_a_longer_hole_is_a_gap_on_request_too():
    """6 samples are 24 ms: more than was asked for."""
    keep = np.delete(np.arange(1000), np.arange(600, 606))
    _, accounts = play(make(fill_s=0.02), noise(1000)[:, keep], timestamps(1000)[keep])
    assert [account.reason for account in accounts] == ["missing", "gone"]


def test_overflow_ends_the_segment_and_counts_what_was_dropped():
    """Dropped samples are received and discarded; patch numbers start anew, without a hole."""
    stages = make()
    events = stages.push(noise(500), timestamps(500), 0.0) + stages.overflow(125)
    events += stages.push(noise(500), timestamps(500, start_s=102.5), 0.0) + stages.finish("gone")
    gap, end = [event for event in events if isinstance(event, SegmentEnd)]
    assert (gap.reason, gap.received, gap.discarded, gap.emitted) == ("overflow", 625, 125, 10)
    assert (end.segment, end.received, end.emitted) == (1, 500, 10)


def test_flags_tell_replaced_large_and_flat_patches():
    """One byte per patch and channel; channels do not share their troubles."""
    x = noise(500, 4)
    x[1, 120] = np.nan
    x[2, 260] = 1000.0
    x[3, 300:350] = 7.0
    patches, _ = play(make(n_channels=4), x, timestamps(500))
    flags = np.array([patch.flags for patch in patches])
    expected = np.zeros((10, 4), int)
    expected[2, 1] = PatchFlag.REPLACED
    expected[5, 2] = PatchFlag.AMPLITUDE
    expected[6, 3] = PatchFlag.FLAT
    np.testing.assert_array_equal(flags, expected)


def test_a_replaced_sample_is_flagged_wherever_the_filter_reaches():
    """At 500 Hz the resampler looks 18 samples to either side."""
    x = noise(2000)
    x[0, 500] = np.inf
    patches, _ = play(make(RESAMPLED, 500.0, patch=32, hop=32), x, timestamps(2000, 500.0))
    for patch in patches:
        first, last = patch.index * 32, patch.index * 32 + 31
        reaches = (first * 125 - 1125) / 64 <= 500 <= (last * 125 + 1125) / 64
        assert bool(patch.flags[0] & PatchFlag.REPLACED) == reaches


def test_settling_patches_are_flagged_at_the_start_only():
    """p hop highpass < 2 model rate: with 0.5 Hz the first four seconds."""
    patches, _ = play(make(HIGHPASSED, patch=64, hop=64), noise(2500), timestamps(2500))
    settling = [bool(patch.flags[0] & PatchFlag.SETTLING) for patch in patches]
    assert settling == [n < 16 for n in range(len(patches))]


def test_a_non_finite_start_counts_as_zero():
    """Before the first finite sample there is nothing to hold."""
    x = noise(500)
    x[0, :10] = np.nan
    patches, _ = play(make(), x, timestamps(500))
    np.testing.assert_array_equal(patches[0].samples_uv[0, :10], 0)


def test_overlapping_patches_share_samples_and_the_ledger_counts_them_once():
    """hop < patch: every sample up to the last patch's end is covered."""
    x = noise(500)
    patches, (end,) = play(make(hop=20), x, timestamps(500))
    for patch in patches:
        np.testing.assert_array_equal(patch.samples_uv, x[:, patch.index * 20 : patch.index * 20 + 50])
    assert (len(patches), end.discarded, end.tail) == (23, 10, 10)
