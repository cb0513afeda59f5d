"""The error outside a line, and windows with strong mains."""

import numpy as np
import pytest

from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.mains import MADE_SHARE, on_mains, with_line, without_line

RNG = np.random.default_rng(3)
SLOW = RNG.standard_normal((40, 256)).cumsum(axis=1).astype(np.float32)
SLOW -= SLOW.mean(axis=1, keepdims=True)


def line(hz: float, phase: float = 0.4, amplitude: float = 100.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz / 256 * np.arange(256) + phase)


def windows_of(patches_uv: np.ndarray, rate_hz: float = 256.0) -> HeldOutWindows:
    who = np.full(len(patches_uv), "someone")
    return HeldOutWindows("made", "val", rate_hz, 256.0, patches_uv.astype(np.float32), who)


@pytest.mark.parametrize("hz", [49.2, 49.9, 50.0, 50.07, 50.8])
def test_a_line_is_taken_out(hz: float) -> None:
    """Also between the frequencies of a Fourier transform; what lies elsewhere stays."""
    rest = without_line(line(hz)[None], 50, 256)
    assert np.square(rest).sum() < 2e-4 * np.square(line(hz)).sum()
    for other in (10.0, 40.0, 60.0):
        kept = without_line(line(other)[None], 50, 256)
        assert np.square(kept - line(other)).sum() < 0.02 * np.square(line(other)).sum()


@pytest.mark.parametrize("share", [0.5, 0.88])
def test_an_added_line_has_its_share(share: float) -> None:
    """Of the energy of each window."""
    made = with_line(windows_of(SLOW), 50, share)
    own = 1 - np.square(without_line(made, 50, 256)).sum(axis=1) / np.square(made, dtype=np.float64).sum(axis=1)
    np.testing.assert_allclose(own, share, atol=0.06)


def test_a_codec_that_loses_the_line_alone_is_right_outside() -> None:
    """One that loses all else is right within it."""
    found = on_mains(windows_of(SLOW), lambda x: without_line(x, 50, 256))["50"]
    assert found["found"] is None
    assert found["added"]["windows"] == 40
    assert found["added"]["share"] == pytest.approx(MADE_SHARE, abs=0.02)
    assert found["added"]["nrmse"] == pytest.approx(np.sqrt(MADE_SHARE), abs=0.02)
    assert found["added"]["nrmse_outside"] < 1e-6
    other = on_mains(windows_of(SLOW), lambda x: x - without_line(x, 50, 256))["50"]["added"]
    assert other["nrmse"] == pytest.approx(np.sqrt(1 - MADE_SHARE), abs=0.02)
    assert other["nrmse_outside"] == pytest.approx(1, abs=1e-6)


def test_windows_with_strong_mains_are_found() -> None:
    """Those alone, and only if there are ten of them."""
    some = SLOW.copy()
    some[:12] += line(50, amplitude=30 * float(np.abs(SLOW).max())).astype(np.float32)
    found = on_mains(windows_of(some), np.zeros_like)["50"]["found"]
    assert found["windows"] == 12
    assert found["nrmse"] == 1
    assert on_mains(windows_of(some[3:]), np.zeros_like)["50"]["found"] is None


@pytest.mark.parametrize(("rate_hz", "lines"), [(100.0, []), (120.0, ["50"]), (160.0, ["50", "60"])])
def test_a_source_without_the_line_has_no_figure(rate_hz: float, lines: list[str]) -> None:
    """Whatever rate the windows have."""
    assert list(on_mains(windows_of(SLOW, rate_hz), np.asarray)) == lines
