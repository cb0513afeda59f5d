"""Codes of arrays and recordings, from Python."""

import dataclasses
import importlib.metadata

import numpy as np
import pytest

import eegstream
from eegstream.decoding import reconstruct
from eegstream.errors import BundleError, RecordingError
from tests.identity_bundle import digest, manifest, write_bundle


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "identity-1.pt"
    write_bundle(path, manifest(highpass_hz=None, model_rate_hz=None))
    return eegstream.Tokenizer.load(str(path), "cpu", sha256=digest(path))


def test_an_array_becomes_one_segment(tokenizer):
    """codes (P, C, G), flags (P, C), t (P,)."""
    x = np.random.default_rng(0).normal(size=(3, 200)).astype(np.float32)
    (segment,) = tokenizer.encode(x, rate_hz=250)
    assert segment.codes.shape == (3, 3, 192)
    assert segment.flags.shape == (3, 3)
    np.testing.assert_allclose(segment.t, np.arange(3) * 64 / 250, atol=1e-9)
    assert segment.spec.channels == ("ch1", "ch2", "ch3")


def test_a_channel_has_its_codes_alone_as_among_others(tokenizer):
    """Channels are independent from the samples to the codes."""
    x = np.random.default_rng(0).normal(size=(5, 640))
    (together,) = tokenizer.encode(x, rate_hz=250)
    for channel in range(5):
        (alone,) = tokenizer.encode(x[channel : channel + 1], rate_hz=250)
        np.testing.assert_array_equal(alone.codes[:, 0], together.codes[:, channel])


def test_decoding_gives_back_what_the_codes_kept(tokenizer):
    """With the identity bundle that is every covered sample."""
    x = np.random.default_rng(0).normal(size=(2, 650)).astype(np.float32)
    made = reconstruct(tokenizer.encode(x, rate_hz=250), tokenizer.engine)
    np.testing.assert_array_equal(made.eeg_uv, x[:, :640])
    np.testing.assert_allclose(made.t, np.arange(640) / 250, atol=1e-9)
    assert made.uncovered_s == pytest.approx(10 / 250)


@pytest.mark.parametrize("x", [np.zeros(100), np.zeros((0, 100)), np.zeros((2, 0)), []])
def test_other_shapes_are_refused(tokenizer, x):
    """The message tells which came."""
    with pytest.raises(RecordingError, match=r"expected \(channels, samples\)"):
        tokenizer.encode(x, rate_hz=250)


@pytest.mark.parametrize("rate_hz", [0, -1, float("nan"), float("inf"), 1e6])
def test_other_rates_are_refused(tokenizer, rate_hz):
    """The message tells the range."""
    with pytest.raises(RecordingError, match=r"expected 0\.5 to 50000 Hz"):
        tokenizer.encode(np.zeros((1, 100)), rate_hz=rate_hz)


def test_a_tokenizer_decodes_what_it_encoded(tokenizer):
    """With the identity bundle that is every covered sample, in microvolts."""
    x = np.random.default_rng(0).normal(size=(2, 640)).astype(np.float32)
    np.testing.assert_array_equal(tokenizer.decode(tokenizer.encode(x, rate_hz=250)).eeg_uv, x)


def test_a_tokenizer_refuses_the_codes_of_another_bundle(tokenizer):
    """They would be read wrongly."""
    (segment,) = tokenizer.encode(np.zeros((1, 640)), rate_hz=250)
    model = segment.spec.model.model_copy(update={"sha256": "0" * 64})
    other = dataclasses.replace(segment, spec=segment.spec.model_copy(update={"model": model}))
    with pytest.raises(BundleError, match=r"were made by identity@1 .0{12}., this is identity@1"):
        tokenizer.decode([other])


def test_the_package_tells_its_version():
    """The one that is installed."""
    assert eegstream.__version__ == importlib.metadata.version("eegstream")


def test_a_name_that_is_almost_a_bundle_s_is_answered_with_it():
    """And one that is like none with the list."""
    with pytest.raises(BundleError, match=r"'defualt'; shipped: .*\. Did you mean default\?$"):
        eegstream.Tokenizer.load("defualt")
    with pytest.raises(BundleError, match="Name one of these"):
        eegstream.Tokenizer.load("zebra")
