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


def a_search():
    """Arguments that fit: 2 classes of one segment, 3 steps, 4 lanes, 2 candidates, 3 codes."""
    sizes = (3, 1, 2, 4, 2, 16, 3, 5, 600, 2)
    tables = (
        *(np.zeros((3, 3), np.int16), np.ones((3, 3), np.float32), np.full((3, 3), 300, np.int16)),
        *(np.ones(2, np.int32), np.zeros((600, 4), np.float32), np.zeros((4, 600), np.uint8)),
        *(np.zeros((2, 3), np.uint8) for _ in range(3)),
        *(np.zeros(32, np.int32), np.zeros(2, np.int32), np.zeros(2, np.int32)),
    )
    given = (
        *(np.zeros((7, 5), np.float32), np.full(7, 9), np.tile([1, 0], (7, 1))),
        *(np.ones((7, 2), np.float32), np.zeros((7, 2), np.float32)),
    )
    return sizes, tables, given, np.full((7, 3), -1, np.int32)


def test_a_search_writes_gain_class_and_words():
    """Where all candidates are alike, the first one wins."""
    sizes, tables, given, codes = a_search()
    compiled.search(sizes, tables, given, codes)
    np.testing.assert_array_equal(codes, [[9, 1, 0]] * 7)


@pytest.mark.parametrize("place", range(10))
@pytest.mark.parametrize("value", [0, -1, 700, 2**31 - 1])
def test_a_search_of_other_sizes_is_refused(place, value):
    """No table or result has the size that follows from them."""
    sizes, tables, given, codes = a_search()
    wrong = (*sizes[:place], value, *sizes[place + 1 :])
    with pytest.raises(ValueError, match=r"expected|the sizes of the codec"):
        compiled.search(wrong, tables, given, codes)


@pytest.mark.parametrize("group", [1, 2])
def test_a_table_of_another_size_is_refused(group):
    """Each one is looked at."""
    arguments = a_search()
    for place, array in enumerate(arguments[group]):
        cut = (*arguments[group][:place], array[:-1], *arguments[group][place + 1 :])
        with pytest.raises(ValueError, match="expected"):
            compiled.search(*arguments[:group], cut, *arguments[group + 1 :])


@pytest.mark.parametrize("number", [-1, 2, 1 << 40])
def test_a_candidate_that_is_no_class_is_refused(number):
    """It would be the place of a table's row."""
    sizes, tables, given, codes = a_search()
    given[2][6, 1] = number
    with pytest.raises(ValueError, match="a candidate is no class"):
        compiled.search(sizes, tables, given, codes)
