"""Two-class tasks on made-up recordings of which one knows what can be told."""

import math

import numpy as np
import pytest

from trainer.evaluation.downstream import Task, answer, answers, band_features
from trainer.evaluation.whole_recordings import Recorded

RATE_HZ = 128.0
SECONDS = 40
BAND_HZ = (2.0, 6.0, 10.0, 20.0, 38.0)
"""One frequency of each band."""
ACROSS = Task(
    data_set="rest", classes=("_open", "_closed"), window_s=2.0, across_subjects=True, title="Eyes open or closed"
)
WITHIN = Task(
    data_set="rest", classes=("_open", "_closed"), window_s=2.0, across_subjects=False, title="Eyes open or closed"
)


def recorded(subject, state, seed, wave_uv=0.0, hz=10.0, data_set="rest"):
    """Two channels of noise of 10 µV and an oscillation, whose size (T,) or frequency (T,) may change."""
    noise = np.random.default_rng(seed).standard_normal((2, int(SECONDS * RATE_HZ))) * 10
    t = np.arange(noise.shape[1]) / RATE_HZ
    samples_uv = (noise + wave_uv * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    return Recorded(data_set, subject, f"{subject}_{state}.edf", samples_uv, RATE_HZ, 512.0)


def corpus(closed_uv, open_uv=(0.0, 0.0, 0.0, 0.0)):
    """Four subjects with two recordings each, and how strong their 10 Hz are in both."""
    return [
        recorded(f"s{who}", state, seed=2 * who + place, wave_uv=wave_uv)
        for who, sizes_uv in enumerate(zip(open_uv, closed_uv, strict=True))
        for place, (state, wave_uv) in enumerate(zip(("open", "closed"), sizes_uv, strict=True))
    ]


TOLD_APART = corpus([10.0] * 4)


def louder(recordings, factors):
    """Every subject's recordings times a factor of his own."""
    return [
        Recorded(r.data_set, r.subject, r.file, r.samples_uv * factors[r.subject], r.sampled_hz, r.source_hz)
        for r in recordings
    ]


def test_band_power_of_one_sinusoid():
    """A Hann periodogram of A sin(2 pi f t) over 1 s has A^2 / 3 at f, A^2 / 12 a hertz beside it, else the floor."""
    t = np.arange(300) / RATE_HZ
    samples_uv = np.stack([6 * np.sin(2 * np.pi * 10 * t), 3 * np.sin(2 * np.pi * 12 * t) + 50]).astype(np.float32)
    features = band_features(Recorded("rest", "s", "f", samples_uv, RATE_HZ, 512.0), 1.0)
    assert features.shape == (2, 10)
    floor = 1e-6 * (36 / 2 + 9 / 2) / 2 / 65
    expected = [math.log(floor)] * 10
    expected[2] = math.log(36 * (1 / 3 + 2 / 12) / 5 + floor)
    expected[7], expected[8] = math.log(9 * (1 / 3 + 1 / 12) / 5 + floor), math.log(9 / 12 / 17 + floor)
    assert features[0] == pytest.approx(expected, abs=0.01)
    assert features[1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("band", "hz"), list(enumerate(BAND_HZ)))
def test_an_oscillation_is_in_its_band(band, hz):
    """Delta, theta, alpha, beta, gamma, of each channel."""
    features = band_features(recorded("s0", "open", seed=0, wave_uv=30.0, hz=hz), 2.0)
    assert features.shape == (20, 10)
    over_noise = features - band_features(recorded("s0", "open", seed=0), 2.0)
    assert (over_noise[:, [band, 5 + band]] > 1).all()
    assert np.delete(over_noise, [band, 5 + band], axis=1) == pytest.approx(0.0, abs=0.2)


def test_an_alpha_rhythm_is_told_nearly_always():
    """In subjects whom the classifier has not seen."""
    result = answer(ACROSS, TOLD_APART)
    assert result["accuracy"] > 0.95
    assert result["interval"][0] <= result["accuracy"] <= result["interval"][1] <= 1.0
    assert {name: result[name] for name in ("task", "over", "chance", "windows", "subjects")} == {
        "task": "Eyes open or closed",
        "over": "subjects",
        "chance": 0.5,
        "windows": 160,
        "subjects": 4,
    }


def test_labels_that_mean_nothing_are_not_told():
    """About half of them are right."""
    assert 0.35 < answer(ACROSS, corpus([0.0] * 4))["accuracy"] < 0.65


def test_nobody_is_told_by_a_classifier_that_knows_him():
    """One of whom the opposite holds is told wrong, window by window, and only he."""
    strong, none = [10.0, 10.0, 10.0, 0.0], [0.0, 0.0, 0.0, 10.0]
    result = answer(ACROSS, corpus(strong, none))
    assert result["accuracy"] == pytest.approx(0.75, abs=0.06)
    assert result["interval"][0] < 0.55
    assert result["interval"][1] > 0.95


def test_how_loud_somebody_is_does_not_matter():
    """The same windows are told right if each subject's recordings are as many times as loud."""
    factors = {"s0": 0.1, "s1": 1.0, "s2": 7.0, "s3": 40.0}
    result = answer(ACROSS, louder(TOLD_APART, factors))
    assert result == answer(ACROSS, TOLD_APART)


def test_what_tells_subjects_apart_tells_nothing_else():
    """Loudness that goes with the class from subject to subject is no help for a new one."""
    by_subject = [recorded(f"s{who}", ("open", "closed")[who % 2], seed=who) for who in range(6)]
    factors = {f"s{who}": (1.0, 5.0)[who % 2] for who in range(6)}
    assert answer(ACROSS, louder(by_subject, factors))["accuracy"] < 0.65


def test_one_subject_is_told_by_blocks_of_time():
    """Five of them, each left out in turn."""
    result = answer(WITHIN, TOLD_APART[:2])
    assert result["accuracy"] > 0.95
    assert (result["over"], result["windows"], result["subjects"]) == ("blocks of time", 40, 1)


def test_a_block_is_told_by_the_others():
    """What holds in one block alone cannot be learned: with a band of its own in each, closed eyes go unnoticed."""
    block = np.arange(int(SECONDS * RATE_HZ)) * 5 // int(SECONDS * RATE_HZ)
    changing = recorded("s0", "closed", seed=1, wave_uv=30.0, hz=np.array(BAND_HZ)[block])
    steady = recorded("s0", "closed", seed=1, wave_uv=30.0)
    still = recorded("s0", "open", seed=0)
    assert answer(WITHIN, [still, changing])["accuracy"] < 0.7
    assert answer(WITHIN, [still, steady])["accuracy"] > 0.95


def test_chance_is_the_larger_class_s_share():
    """Three recordings to one, whichever it is."""
    one = [recorded("s0", state, seed) for seed, state in enumerate(["open", "open", "closed", "open"])]
    other = [recorded("s0", state, seed) for seed, state in enumerate(["open", "closed", "closed", "closed"])]
    assert answer(WITHIN, one)["chance"] == answer(WITHIN, other)["chance"] == 0.75


def test_recordings_of_neither_class_do_not_count():
    """Nor those of another data set."""
    others = [recorded("s0", "asleep", seed=8), recorded("s0", "open", seed=9, data_set="work")]
    assert answer(ACROSS, [*TOLD_APART, *others]) == answer(ACROSS, TOLD_APART)


def test_only_tasks_with_data_are_answered():
    """By name; the others are left out."""
    elsewhere = ACROSS.model_copy(update={"data_set": "sleep"})
    result = answers({"eyes": ACROSS, "stages": elsewhere}, TOLD_APART)
    assert result == {"eyes": answer(ACROSS, TOLD_APART)}


def test_a_task_that_cannot_be_asked_is_left_out():
    """No file of either class, one class alone, or one subject where subjects are left out."""
    called_otherwise = ACROSS.model_copy(update={"classes": ("asleep", "awake")})
    one_class = [r for r in TOLD_APART if "open" in r.file]
    assert answers({"sleep": called_otherwise}, TOLD_APART) == {}
    assert answers({"eyes": ACROSS}, one_class) == {}
    assert answers({"eyes": ACROSS}, TOLD_APART[:2]) == {}
    with pytest.raises(ValueError, match="asleep, awake"):
        answer(called_otherwise, TOLD_APART)


def test_a_recording_shorter_than_a_window_has_none():
    """It counts for nothing."""
    short = Recorded("rest", "s0", "open", np.ones((2, 50), np.float32), RATE_HZ, RATE_HZ)
    assert band_features(short, 1.0).shape == (0, 10)
