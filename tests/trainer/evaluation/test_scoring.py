"""A report's metrics and intervals, by hand and on made-up groups."""

import math

import numpy as np
import pytest

from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.metrics import BANDS_HZ
from trainer.evaluation.scoring import gain_over, nrmse_of, rounded, score

RNG = np.random.default_rng(0)
X = (RNG.standard_normal((9, 256)).cumsum(axis=1) * RNG.uniform(1, 20, (9, 1))).astype(np.float32)
Y = X + RNG.standard_normal((9, 256)).astype(np.float32) * 6
WHO = np.array(["b", "a", "c", "a", "b", "c", "a", "b", "b"])


def patch_set(x=X, who=WHO, **own):
    given = {"data_set": "rest", "side": "test", "rate_hz": 512.0, "sampled_hz": 256.0, **own}
    return HeldOutWindows(patches_uv=x, subjects=who, **given)


def test_nrmse_weighs_every_patch_alike():
    """Of 1/4 and 0/100 of the energy lost, the root of the mean: sqrt(1/8), however loud the patches are."""
    x = np.array([[2.0, 0.0], [6.0, 8.0]], np.float32)
    y = np.array([[2.0, 1.0], [6.0, 8.0]], np.float32)
    assert nrmse_of(x, y) == pytest.approx(math.sqrt(1 / 8))
    assert nrmse_of(x, np.zeros_like(x)) == 1.0


def test_the_figures_are_their_definitions():
    """Each that has a formula of one line, against it."""
    x, y = X.astype(np.float64), Y.astype(np.float64)
    error = y - x
    relative = (error**2).sum(axis=1) / (x**2).sum(axis=1)
    r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)])
    metrics = score(patch_set(), Y)
    assert (metrics["patches"], metrics["subjects"]) == (9, 3)
    expected = {
        "nrmse": np.sqrt(relative.mean()),
        "nrmse_median": np.median(np.sqrt(relative)),
        "prd_percent": 100 * np.sqrt((error**2).sum() / (x**2).sum()),
        "snr_db": (-10 * np.log10(relative)).mean(),
        "psnr_db": (10 * np.log10(np.ptp(x, axis=1) ** 2 / (error**2).mean(axis=1))).mean(),
        "mae_uv": np.abs(error).mean(),
        "rmse_uv": np.sqrt((error**2).mean()),
        "r": r.mean(),
        "r_quantile_5": np.quantile(r, 0.05),
    }
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-6)
    by_subject = {who: np.sqrt(relative[who == WHO].mean()) for who in "abc"}
    assert metrics["nrmse_by_subject"] == pytest.approx(by_subject, rel=1e-6)


def test_a_weaker_copy_has_known_metrics():
    """Half of every sample: half is lost, correlation is whole, bands have a quarter of their power, 6 dB less."""
    metrics = score(patch_set(), X / 2)
    assert metrics["nrmse_interval"] == pytest.approx((0.5, 0.5))
    assert metrics["r_interval"] == pytest.approx((1.0, 1.0))
    assert list(metrics["band_power"]) == list(metrics["band_error"]) == list(BANDS_HZ)
    assert list(metrics["band_power"].values()) == pytest.approx([0.25] * 6)
    assert list(metrics["band_error"].values()) == pytest.approx([0.25] * 6)
    assert metrics["lsd_db"] == pytest.approx(10 * math.log10(4), rel=0.05)
    assert 0.5 < metrics["ssim"] < 1


@pytest.mark.parametrize(("figure", "name"), [("nrmse", "nrmse"), ("r", "r"), ("lsd_db", "lsd")])
def test_a_figure_lies_in_its_interval(figure, name):
    """Which has a width, since subjects differ."""
    metrics = score(patch_set(), Y)
    low, high = metrics[f"{name}_interval"]
    assert low < metrics[figure] < high


def test_nothing_is_gained_over_oneself():
    """In total, in the interval, for every subject."""
    gained = gain_over(patch_set(), Y, Y)
    assert gained == {"gain": 0.0, "interval": (0.0, 0.0), "by_subject": {"a": 0.0, "b": 0.0, "c": 0.0}}


def test_a_quarter_of_the_error_is_a_gain_of_three_quarters():
    """For everybody, without doubt, since the same draws are compared; the other way around it is a loss of three."""
    nearer = X + (Y - X) / 4
    gained = gain_over(patch_set(), nearer, Y)
    assert gained["gain"] == pytest.approx(0.75, abs=1e-5)
    assert gained["interval"] == pytest.approx((0.75, 0.75), abs=1e-5)
    assert gained["by_subject"] == pytest.approx(dict.fromkeys("abc", 0.75), abs=1e-5)
    assert gain_over(patch_set(), Y, nearer)["gain"] == pytest.approx(-3.0, abs=1e-4)


def test_a_gain_is_that_of_the_nrmse():
    """In total and by subject, also where some gain and others lose."""
    other = np.where((WHO == "a")[:, None], X + 2 * (Y - X), X + (Y - X) / 2)
    gained, own, reference = gain_over(patch_set(), other, Y), score(patch_set(), other), score(patch_set(), Y)
    assert gained["gain"] == pytest.approx(1 - own["nrmse"] / reference["nrmse"])
    assert gained["by_subject"] == pytest.approx({"a": -1.0, "b": 0.5, "c": 0.5}, abs=1e-4)
    low, high = gained["interval"]
    assert -1.001 < low < gained["gain"] < high < 0.501


def test_rounding_keeps_five_digits():
    """At any depth and size; whole numbers, texts and gaps stay what they are."""
    tree = {"a": [1.2345678, (123456.78, -1.2345678e-9)], "b": {"c": 7654321, "d": "1.2345678", "e": None, "f": True}}
    expected = {"a": [1.2346, [123460.0, -1.2346e-9]], "b": {"c": 7654321, "d": "1.2345678", "e": None, "f": True}}
    assert rounded(tree) == expected
    assert rounded(tree)["b"]["f"] is True
    assert rounded(np.float64(0.123456)) == 0.12346


def test_bands_beyond_the_rate_are_left_out():
    """Up to half of the samples' own rate."""
    metrics = score(patch_set(sampled_hz=100.0), Y)
    for key in ("band_error", "band_power"):
        assert list(metrics[key]) == [band for band, (_, high_hz) in BANDS_HZ.items() if high_hz <= 50]
