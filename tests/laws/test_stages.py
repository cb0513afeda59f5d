"""The laws that every stage of the signal path obeys."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.absurd import AbsurdSamples
from eegstream.dsp.filters import SosFilter, highpass_sos, notch_sos
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.dsp.impute import HoldLastFinite
from eegstream.dsp.patcher import Patcher
from eegstream.dsp.resample import Grid, Resampler
from tests.laws.strategies import chunks, cuts

N_CHANNELS = 3


class Patches:
    """The patcher's output as one array, so that it compares like the others'."""

    def __init__(self, hop: int) -> None:
        self._patcher = Patcher(N_CHANNELS, 40, hop)
        self.reset = self._patcher.reset

    def push(self, x):
        patches = self._patcher.push(x.astype(np.float32))
        return np.concatenate(patches, axis=1) if patches else np.empty((N_CHANNELS, 0), np.float32)


class Repaired:
    """The repaired samples and where they were replaced, as one array."""

    def __init__(self) -> None:
        self._repair = HoldLastFinite(N_CHANNELS)
        self.reset = self._repair.reset

    def push(self, x):
        finite, replaced = self._repair.push(np.where(x > 1.5, np.nan, x))
        return np.stack([finite, replaced])


class WithoutAbsurd:
    """The samples, with a few that are absurd among them."""

    def __init__(self) -> None:
        self._stage = AbsurdSamples(250, N_CHANNELS)
        self.reset = self._stage.reset

    def push(self, x):
        return self._stage.push(np.where(x > 2.5, 1e20, np.where(x > 2.3, 1e12, x)))


STAGES = {
    "highpass": lambda: SosFilter(highpass_sos(0.5, 250)),
    "notch": lambda: SosFilter(notch_sos(50, 250)),
    "resample up": lambda: Resampler(Grid.between(100, 256.0), N_CHANNELS),
    "resample down": lambda: Resampler(Grid.between(1000, 256.0), N_CHANNELS),
    "resample odd": lambda: Resampler(Grid.between(173.61, 256.0), N_CHANNELS),
    "front end": lambda: FrontEnd(FrontEndSettings(256.0, 0.5, 50.0), 500, N_CHANNELS),
    "front end at the stream's rate": lambda: FrontEnd(FrontEndSettings(None, 0.5, None), 500, N_CHANNELS),
    "patcher": lambda: Patches(40),
    "patcher with overlap": lambda: Patches(7),
    "repair": Repaired,
    "absurd samples": WithoutAbsurd,
}


def run(stage, pieces):
    return np.concatenate([stage.push(piece) for piece in pieces], axis=-1)


def noise(seed: int, length: int = 700) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N_CHANNELS, length))


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25, derandomize=True)
def test_chunking_changes_nothing(make, data, seed):
    """However the samples are cut, a stage returns the same bits."""
    x = noise(seed)
    borders = data.draw(cuts(x.shape[1]))
    np.testing.assert_array_equal(run(make(), chunks(x, borders)), run(make(), [x]))


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
def test_the_future_changes_nothing(make):
    """What was returned stays true whatever comes later."""
    x, other = noise(0), noise(1)
    other[:, :400] = x[:, :400]
    first = run(make(), [x[:, :400]])
    for whole in (x, other):
        np.testing.assert_array_equal(run(make(), [whole])[..., : first.shape[-1]], first)


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
def test_an_empty_chunk_changes_nothing(make):
    """At the start, in between or at the end."""
    x = noise(0)
    empty = x[:, :0]
    np.testing.assert_array_equal(run(make(), [empty, x[:, :300], empty, x[:, 300:], empty]), run(make(), [x]))


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
def test_reset_equals_new(make):
    """After a reset nothing of the past is left."""
    stage = make()
    stage.push(noise(1, 333))
    stage.reset()
    np.testing.assert_array_equal(run(stage, [noise(0)]), run(make(), [noise(0)]))


@pytest.mark.parametrize("make", [make for name, make in STAGES.items() if name != "repair"])
def test_layout_changes_nothing(make):
    """A transposed view, as LSL's chunks are, gives the bits of a contiguous array."""
    x = noise(0)
    np.testing.assert_array_equal(run(make(), [np.ascontiguousarray(x.T).T]), run(make(), [x]))
