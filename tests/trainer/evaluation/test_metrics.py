"""Every figure against a calculation by hand."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.audio import signal_noise_ratio

from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.metric_collection import ReconstructionMetrics
from trainer.evaluation.metrics import band_errors, loud, pearson, psnr_db, relative_error, snr_db, ssim
from trainer.evaluation.scoring import nrmse_of, score

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 256)).cumsum(axis=1) * RNG.uniform(0.2, 30, (40, 1))
Y = X + RNG.standard_normal((40, 256)) * 5


def tensors():
    return torch.from_numpy(X), torch.from_numpy(Y)


def ssim_by_hand(x, y):
    """Sample by sample, with mirrored ends."""
    weight = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weight /= weight.sum()
    c1, c2 = (0.01 * np.ptp(x)) ** 2, (0.03 * np.ptp(x)) ** 2
    a, b = np.pad(x, 5, mode="symmetric"), np.pad(y, 5, mode="symmetric")
    values = []
    for place in range(len(x)):
        u, v = a[place : place + 11], b[place : place + 11]
        mean_u, mean_v = (weight * u).sum(), (weight * v).sum()
        var_u, var_v = (weight * u * u).sum() - mean_u**2, (weight * v * v).sum() - mean_v**2
        both = (weight * u * v).sum() - mean_u * mean_v
        values.append(
            (2 * mean_u * mean_v + c1) * (2 * both + c2) / ((mean_u**2 + mean_v**2 + c1) * (var_u + var_v + c2))
        )
    return np.mean(values)


def test_the_scores_are_their_definitions():
    """Each against a calculation by hand: pooled over all samples, or the mean over patches; in several batches too."""
    x, y = tensors()
    scores = ReconstructionMetrics()
    for start in range(0, 40, 7):
        scores.add(x[start : start + 7], y[start : start + 7])
    metrics = {name: float(value) for name, value in scores.compute().items()}
    e = Y - X
    expected = {
        "mse": (e**2).mean(),
        "mae": np.abs(e).mean(),
        "rmse": np.sqrt((e**2).mean()),
        "nrmse_pooled": np.sqrt((e**2).sum() / (X**2).sum()),
        "r_pooled": np.corrcoef(X.ravel(), Y.ravel())[0, 1],
        "nrmse": np.sqrt(((e**2).sum(1) / (X**2).sum(1)).mean()),
        "snr_db": (10 * np.log10((X**2).sum(1) / (e**2).sum(1))).mean(),
        "psnr_db": (10 * np.log10(np.ptp(X, axis=1) ** 2 / (e**2).mean(1))).mean(),
        "ssim": np.mean([ssim_by_hand(a, b) for a, b in zip(X, Y, strict=True)]),
        "r": np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(X, Y, strict=True)]),
    }
    assert metrics == pytest.approx(expected, rel=1e-9)


def test_no_patch_s_level_changes_its_own_metrics():
    """PSNR, SSIM and r of a patch are those of the same patch, ten times as large."""
    x, y = tensors()
    for figure in (psnr_db, ssim, pearson):
        torch.testing.assert_close(figure(10 * x, 10 * y), figure(x, y))


@pytest.mark.filterwarnings("ignore:The variance of predictions")
def test_quiet_patches_are_left_out():
    """A standard deviation of 0.5 µV is the border; an offset does not count."""
    x = torch.zeros(3, 256)
    x[0, ::2] = 1.02
    x[1, ::2] = 0.98
    x[2] = 100.0
    assert loud(x).tolist() == [True, False, False]
    scores = ReconstructionMetrics()
    scores.add(x, torch.zeros_like(x))
    assert float(scores.compute()["nrmse"]) == pytest.approx(1.0)


def test_perfect_and_silent_reconstructions():
    """0 and 1; a constant reconstruction correlates with nothing."""
    x, _ = tensors()
    assert relative_error(x, x).max() == 0
    assert torch.equal(relative_error(x, torch.zeros_like(x)), torch.ones(40, dtype=x.dtype))
    assert pearson(x, 3 * x + 2).min() == pytest.approx(1.0)
    assert pearson(x, torch.zeros_like(x)).abs().max() == 0
    torch.testing.assert_close(ssim(x, x), torch.ones(40, dtype=x.dtype))
    assert psnr_db(x, x).isfinite().all()


def test_band_error_is_the_share_that_is_lost():
    """A reconstruction without its 20 Hz tone loses all of beta and nothing of alpha."""
    t = torch.arange(512, dtype=torch.float64) / 256
    slow, fast = torch.sin(2 * torch.pi * 10 * t), torch.sin(2 * torch.pi * 20 * t)
    shares = band_errors((slow + fast)[None], slow[None], 256.0)
    assert shares["beta"] == pytest.approx(1.0, abs=1e-6)
    assert shares["alpha"] == pytest.approx(0.0, abs=1e-6)


def test_bands_beyond_half_the_rate_are_left_out():
    """At 100 Hz there is nothing to say of 45 to 100 Hz."""
    x, y = tensors()
    assert list(band_errors(x, y, 100.0)) == ["delta", "theta", "alpha", "beta", "gamma"]
    assert "high" in band_errors(x, y, 200.0)


def test_the_ratio_is_torchmetrics_own():
    """Of each patch, also where there is no error."""
    x, y = tensors()
    y[3] = x[3]
    expected = torch.stack([signal_noise_ratio(b, a) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(snr_db(x, y), expected)


def test_a_report_and_a_validation_say_the_same():
    """Every metric that both have, of the same patches."""
    windows = HeldOutWindows("a", "val", 256.0, 256.0, X, np.array(["one"] * 20 + ["two"] * 20))
    once = score(windows, Y)
    batches = ReconstructionMetrics()
    for part in torch.tensor_split(torch.arange(40), 3):
        batches.add(torch.from_numpy(X)[part], torch.from_numpy(Y)[part])
    collected = {name: float(value) for name, value in batches.compute().items()}
    same = {name: once[name] for name in ("nrmse", "snr_db", "psnr_db", "ssim", "r")}
    same |= {"mae": once["mae_uv"], "rmse": once["rmse_uv"], "nrmse_pooled": once["prd_percent"] / 100}
    assert {name: collected[name] for name in same} == pytest.approx(same, rel=1e-9)
    assert nrmse_of(X, Y) == pytest.approx(once["nrmse"], rel=1e-12)
