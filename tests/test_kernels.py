"""The kernels in C take only buffers whose sizes fit; a call can then not reach beyond them."""

import numpy as np
import pytest

from eegstream.kernels import compiled, why_missing

pytestmark = pytest.mark.skipif(compiled is None, reason=f"the kernels in C were not built: {why_missing}")

RECENT, PHASES, OUT = np.zeros((20, 3)), np.ones((2, 5)), np.zeros((4, 3))
GRID = {"channels": 3, "up": 2, "down": 3, "half": 9, "start": 0, "first": 0, "stop": 4}


def test_sums_are_those_of_the_formula():
    """out[k][c] = sum_i recent[newest - i][c] phases[phase][i]."""
    rng = np.random.default_rng(0)
    recent, phases, out = rng.normal(size=(20, 3)), rng.normal(size=(2, 5)), np.empty((4, 3))
    compiled.resample(recent, phases, out, tuple(GRID.values()))
    for k in range(4):
        newest, phase = divmod(k * 3 + 9, 2)
        window = recent[newest - np.arange(5)]
        np.testing.assert_allclose(out[k], (window * phases[phase][:, None]).sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 0},
        {"channels": 4},
        {"channels": -3},
        {"up": 0},
        {"up": 3},
        {"down": 0},
        {"half": -1},
        {"half": 40},
        {"start": 1},
        {"start": -30},
        {"first": -1},
        {"first": 1},
        {"stop": 5},
        {"first": 4, "stop": 0},
        {"first": 100, "stop": 104},
    ],
)
def test_numbers_that_do_not_fit_are_refused(change):
    """Samples that `recent` does not hold, and arrays of another size."""
    with pytest.raises((ValueError, OverflowError)):
        compiled.resample(RECENT, PHASES, OUT, tuple((GRID | change).values()))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_arrays_must_be_contiguous_and_large_enough(place):
    """What is strided or too short is refused, not read as something else."""
    arrays = [RECENT, PHASES, OUT]
    for wrong in (arrays[place][:, ::2], arrays[place][:1], arrays[place][:0]):
        given = list(arrays)
        given[place] = wrong
        with pytest.raises((ValueError, BufferError, TypeError)):
            compiled.resample(*given, tuple(GRID.values()))


def test_nothing_is_written_into_what_is_read_only():
    """The buffers of an array that is not writable are refused."""
    out = OUT.copy()
    out.setflags(write=False)
    with pytest.raises((ValueError, BufferError, TypeError)):
        compiled.resample(RECENT, PHASES, out, tuple(GRID.values()))
