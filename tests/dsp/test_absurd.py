"""Finite samples that no device measures are replaced; whatever a device may measure is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.absurd import LARGEST_UV, AbsurdSamples
from eegstream.dsp.channels import select_channels
from eegstream.dsp.flags import PatchFlag
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.events import Patch
from eegstream.pipeline import PipelineSettings, StreamPipeline
from tests.laws.strategies import chunks, cuts

RATE_HZ = 250.0
LAW = settings(deadline=None, derandomize=True, max_examples=100)


def eeg(n=5000, n_channels=2, seed=0):
    """Samples (C, n) in µV with the steps of EEG, and the drift of an electrode."""
    rng = np.random.default_rng(seed)
    return 10 * rng.normal(size=(n_channels, n)) + np.cumsum(rng.normal(size=(n_channels, n)), axis=1)


def judged(x, borders=None):
    """The samples, NaN where they are absurd."""
    stage = AbsurdSamples(RATE_HZ, len(x))
    return np.concatenate([stage.push(part) for part in chunks(x, borders or [0, x.shape[1]])], axis=1)


def patches(x, timestamps_s=None, **more):
    labels = [f"C{n}" for n in range(len(x))]
    selection = select_channels(labels, ["EEG"] * len(x), ["microvolts"] * len(x))
    setting = PipelineSettings(FrontEndSettings(256.0, 0.5, None), patch=64, hop=64, amplitude_uv=2000.0, **more)
    stages = StreamPipeline(setting, RATE_HZ, selection)
    timestamps_s = np.arange(x.shape[1]) / RATE_HZ if timestamps_s is None else timestamps_s
    events = stages.push(x, timestamps_s, 0.0) + stages.finish("gone")
    return [event for event in events if isinstance(event, Patch)]


@pytest.mark.parametrize("value", [3e38, -3e38, 1e20, -1e15, 1e12, 1e10])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_absurd_sample_counts_as_one_that_is_not_finite(value, count):
    """The same patches and flags, to the bit, as if NaN had come: nothing rings."""
    x, lost = eeg(), eeg()
    x[0, 2500 : 2500 + count], lost[0, 2500 : 2500 + count] = value, np.nan
    for patch, other in zip(patches(x), patches(lost), strict=True):
        np.testing.assert_array_equal(patch.samples_uv, other.samples_uv)
        np.testing.assert_array_equal(patch.flags, other.flags)


def test_patches_out_of_reach_are_nearly_those_of_the_clean_stream():
    """Where the sample is out of reach, the stream differs by what a held sample leaves in the high-pass, 1 µV."""
    x = eeg()
    x[0, 2500] = 1e20
    for patch, clean in zip(patches(x), patches(eeg()), strict=True):
        np.testing.assert_array_equal(patch.samples_uv[1], clean.samples_uv[1])
        if not patch.flags[0] & PatchFlag.REPLACED:
            np.testing.assert_allclose(patch.samples_uv[0], clean.samples_uv[0], atol=1.0)
    assert sum(bool(patch.flags[0] & PatchFlag.REPLACED) for patch in patches(x)) <= 2


def test_a_level_is_accepted_after_three_samples():
    """An offset of 2^31 counts that stays is the signal; the way back is judged again."""
    x = eeg()
    x[0, 2000:4000] += 2.0**31
    missing = np.zeros(x.shape, bool)
    missing[0, [2000, 2001, 2002, 4000, 4001, 4002]] = True
    np.testing.assert_array_equal(np.isnan(judged(x)), missing)


def test_after_a_level_absurd_samples_are_still_found():
    """The step to a level does not widen what is usual."""
    x = eeg()
    x[0, 2000:4000] += 1e11
    x[0, 3000] = 1e14
    assert np.isnan(judged(x)[0, 3000])


@pytest.mark.parametrize(
    "signal",
    {
        "counts of 32 bits": lambda rng: np.round(rng.normal(scale=3e8, size=5000)),
        "noise over all 32 bits": lambda rng: rng.integers(-(2**31), 2**31, 5000).astype(float),
        "an offset of 2^31": lambda rng: 2.0**31 + np.round(rng.normal(scale=3e3, size=5000)),
        "rails of 24 bits": lambda rng: np.where(rng.random(5000) < 0.01, 2.0**23, 3e2 * rng.normal(size=5000)),
        "rails of 32 bits": lambda rng: np.where(rng.random(5000) < 0.01, 2.0**31, 1e5 * rng.normal(size=5000)),
        "pops of an electrode": lambda rng: np.where(rng.random(5000) < 0.01, 1e6, rng.normal(size=5000)),
        "volts that are counts": lambda rng: 1e6 * (2.0**30 + rng.normal(scale=3e4, size=5000)),
        "flat": lambda _: np.full(5000, 17.0),
    }.values(),
)
def test_what_a_converter_gives_is_left_alone(signal):
    """No sample is touched, and the array is the same one."""
    x = signal(np.random.default_rng(1))[None]
    assert AbsurdSamples(RATE_HZ, 1).push(x) is x


def test_a_flat_channel_that_wakes_up_loses_three_samples():
    """Nothing was learned of its steps, so the first ones are taken for absurd, but not for longer."""
    x = np.concatenate([np.zeros(1000), np.random.default_rng(0).normal(scale=1e9, size=1000)])[None]
    assert np.flatnonzero(np.isnan(judged(x)[0])).tolist() == [1000, 1001, 1002]


def test_beyond_the_absolute_limit_nothing_is_a_sample():
    """However long it stays, and also at a segment's start."""
    x = eeg(1000)
    x[0, :300], x[1, 500:] = 2 * LARGEST_UV, -np.inf
    np.testing.assert_array_equal(np.isnan(judged(x)), ~(np.abs(x) <= LARGEST_UV))


def test_a_filled_hole_does_not_lead_to_an_absurd_sample():
    """A sample that is absurd right behind a filled hole is replaced first, then the hole is filled."""
    timestamps_s = np.delete(np.arange(5005), np.arange(2500, 2505)) / RATE_HZ
    x, lost = eeg(), eeg()
    x[0, 2500], lost[0, 2500] = 1e12, np.nan
    for patch, other in zip(patches(x, timestamps_s, fill_s=0.1), patches(lost, timestamps_s, fill_s=0.1), strict=True):
        np.testing.assert_array_equal(patch.samples_uv, other.samples_uv)
        assert np.abs(patch.samples_uv).max() < 1000


@st.composite
def spoilt(draw):
    """EEG of some scale with absurd, missing and stepping samples anywhere."""
    x = draw(st.sampled_from([1.0, 1e3, 1e6])) * eeg(800, 2, draw(st.integers(0, 99)))
    for _ in range(draw(st.integers(0, 8))):
        start, value = draw(st.integers(0, 799)), draw(st.sampled_from([3e38, 1e20, -1e12, 1e9, np.nan, np.inf, 0.0]))
        x[draw(st.integers(0, 1)), start : start + draw(st.integers(1, 6))] = value
    if draw(st.booleans()):
        x[draw(st.integers(0, 1)), draw(st.integers(0, 799)) :] += draw(st.sampled_from([1e8, 2.0**31, 1e13]))
    return x


@given(x=spoilt(), data=st.data())
@LAW
def test_chunking_changes_nothing(x, data):
    """Law 1, to the bit, and one sample at a time too."""
    whole = judged(x)
    np.testing.assert_array_equal(judged(x, data.draw(cuts(x.shape[1]))), whole)
    np.testing.assert_array_equal(judged(x, list(range(x.shape[1] + 1))), whole)


@given(x=spoilt())
@LAW
def test_channels_do_not_share_their_troubles(x):
    """Law 3: a channel alone is judged as in company."""
    both = judged(x)
    for channel in (0, 1):
        np.testing.assert_array_equal(judged(x[channel : channel + 1])[0], both[channel])


@given(x=spoilt())
@LAW
def test_it_is_the_rule_applied_to_one_sample_after_the_other(x):
    """An oracle in plain loops gives the same."""
    expected = np.array([list(_one_by_one(row)) for row in x])
    np.testing.assert_array_equal(judged(x), expected)


def _one_by_one(row):
    last, largest, accepted, run = None, 0.0, 0, []
    for value in row.tolist():
        if not abs(value) <= LARGEST_UV:
            yield np.nan
            continue
        step = 0.0 if last is None else abs(value - last)
        absurd = step > 1e7 and step > 1e5 * largest and (accepted >= 62 or bool(run))
        if absurd and len(run) < 3:
            run.append(value)
            yield np.nan
            continue
        if absurd:
            step = max(abs(b - a) for a, b in zip(run, [*run[1:], value], strict=True))
        last, largest, accepted, run = value, max(largest, step), accepted + 1, []
        yield value
