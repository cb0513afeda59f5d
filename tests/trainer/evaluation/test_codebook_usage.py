"""How much of a codebook is used, beside what an ideal source would use."""

import numpy as np
import pytest
import torch

from trainer.evaluation.codebook_usage import CodebookUsage, entropy_bits, usage_metrics

RNG = np.random.default_rng(0)


def test_histograms_are_those_of_each_code():
    """Words of different sizes, several batches."""
    codes = np.stack([RNG.integers(0, 5, 300), RNG.integers(0, 700, 300)], axis=1)
    use = CodebookUsage([5, 700])
    for part in np.array_split(codes, 7):
        use.update(torch.from_numpy(part.astype(np.int32)))
    for number, counts in enumerate(use.compute()):
        np.testing.assert_array_equal(counts, np.bincount(codes[:, number], minlength=(5, 700)[number]))


def test_figures_of_a_known_histogram():
    """Half, a quarter and two eighths make 1.75 bits."""
    counts = np.array([4, 2, 1, 1, 0, 0, 0, 0])
    metrics = usage_metrics(counts)
    assert entropy_bits(counts) == pytest.approx(1.75)
    assert metrics["used"] == 0.5
    assert metrics["perplexity"] == pytest.approx(2**1.75)


@pytest.mark.parametrize(("words", "patches"), [(64, 20), (64, 1000), (1000, 1000), (64000, 500), (2, 3)])
def test_the_ideal_is_what_alike_values_really_show(words, patches):
    """The expectation agrees with the mean over many draws."""
    draws = [np.bincount(RNG.integers(0, words, patches), minlength=words) for _ in range(400)]
    metrics = usage_metrics(draws[0])
    assert metrics["used_ideal"] == pytest.approx(np.mean([(d > 0).mean() for d in draws]), rel=0.02)
    entropy = np.mean([entropy_bits(d) for d in draws])
    assert np.log2(metrics["perplexity_ideal"]) == pytest.approx(entropy, abs=0.03)


def test_no_patch_has_no_perplexity():
    """Nothing was seen."""
    assert usage_metrics(np.zeros(4, int)) == {
        "used": 0.0,
        "used_ideal": 0.0,
        "perplexity": 0.0,
        "perplexity_ideal": 0.0,
    }
