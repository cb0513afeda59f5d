"""Decoding whole segments: smooth borders, and channels that inform each other."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eegstream
from eegstream import joining
from eegstream.errors import ConfigError
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from eegstream.joining import weights
from eegstream.stream import SignalOptions
from eegstream.tokenizer import offline_patches
from tests.identity_bundle import digest, manifest, write_bundle

RATE_HZ = 256.0
CHANNELS, SECONDS = 4, 8


@pytest.fixture(scope="module")
def tokenizer():
    return eegstream.Tokenizer.load("fast", "cpu")


def eeg(seed=0, channels=CHANNELS, seconds=SECONDS):
    """Made-up channels (C, T) of common sources, as a montage has them."""
    rng = np.random.default_rng(seed)
    slow = rng.standard_normal((2, round(seconds * RATE_HZ))).cumsum(axis=1)
    slow -= np.apply_along_axis(lambda x: np.convolve(x, np.ones(128) / 128, "same"), 1, slow)
    own = rng.standard_normal((channels, slow.shape[1]))
    return (10 * (rng.uniform(0.5, 1, (channels, 2)) @ slow + 0.3 * own)).astype(np.float32)


@pytest.fixture(scope="module")
def segment(tokenizer):
    (made,) = tokenizer.encode(eeg(), RATE_HZ)
    return made


def patches_of(tokenizer, x):
    """The patches (C, N) that were encoded."""
    times_s = np.arange(x.shape[1]) / RATE_HZ
    labels = tuple(f"ch{number}" for number in range(len(x)))
    recording = Recording("made", "", RATE_HZ, labels, ("EEG",) * len(x), ("uV",) * len(x), HeldSamples(x), times_s, ())
    return offline_patches(recording, tokenizer.engine.facts, SignalOptions())


def part(segment, channels=slice(None), patches=slice(None)):
    """Some channels and patches of a segment."""
    spec = segment.spec
    labels = tuple(np.array(spec.channels)[channels])
    return dataclasses.replace(
        segment,
        spec=spec.model_copy(update={"channels": labels}),
        index=segment.index[patches],
        codes=segment.codes[patches][:, channels],
        flags=segment.flags[patches][:, channels],
        t=segment.t[patches],
    )


def decoded(tokenizer, segment, kind="joint"):
    return tokenizer.decode([segment], kind).eeg_uv


def single(tokenizer, segment):
    """Each patch for itself (C, T)."""
    patches, channels, codes = segment.codes.shape
    rows = segment.codes.reshape(-1, codes).astype(np.int32)
    found = tokenizer.engine.decode(rows, np.full(len(rows), RATE_HZ, np.float32))
    return found.reshape(patches, channels, -1).transpose(1, 0, 2).reshape(channels, -1)


@given(channel=st.integers(0, CHANNELS - 1))
@settings(max_examples=4, deadline=None)
def test_one_channel_decodes_jointly_as_plainly(tokenizer, segment, channel):
    """There is nothing to learn from; to the bit."""
    alone = part(segment, [channel])
    np.testing.assert_array_equal(decoded(tokenizer, alone), decoded(tokenizer, alone, "mse"))


@given(order=st.permutations(range(CHANNELS)))
@settings(max_examples=5, deadline=None)
def test_the_order_of_channels_does_not_matter(tokenizer, segment, order):
    """Another order gives the same in that order."""
    turned = decoded(tokenizer, part(segment, list(order)))
    np.testing.assert_allclose(turned, decoded(tokenizer, segment)[list(order)], atol=1e-3)


def test_plain_decodes_keep_channels_apart(tokenizer, segment):
    """What a channel decodes to does not depend on the others."""
    for kind in ("mse", "spectrum"):
        alone = decoded(tokenizer, part(segment, [2]), kind)
        np.testing.assert_allclose(alone, decoded(tokenizer, segment, kind)[[2]], atol=1e-3)


@pytest.mark.parametrize("kind", ["mse", "spectrum", "joint"])
def test_segments_decode_as_if_alone(tokenizer, segment, kind):
    """No state passes a gap."""
    (other,) = tokenizer.encode(eeg(1), RATE_HZ)
    both = tokenizer.decode([segment, dataclasses.replace(other, spec=segment.spec, segment=1)], kind).eeg_uv
    apart = [decoded(tokenizer, segment, kind), decoded(tokenizer, other, kind)]
    np.testing.assert_array_equal(both, np.concatenate(apart, axis=1))


def test_the_border_of_lost_patches_is_left_alone(tokenizer, segment):
    """What follows a hole in the numbers of patches does not continue what was before it."""
    patches = [*range(5), *range(9, 14)]
    plain, found = single(tokenizer, segment), decoded(tokenizer, part(segment, patches=patches), "mse")
    size = segment.spec.patch
    half = size // 2
    for start, stop in ((0, 5), (9, 14)):
        alone = decoded(tokenizer, part(segment, patches=slice(start, stop)), "mse")
        place = patches.index(start) * size
        np.testing.assert_allclose(found[:, place : place + 5 * size], alone, atol=1e-4)
    assert np.abs(found[:, half:size] - plain[:, half:size]).max() > 0, "borders inside are smoothed"


@pytest.mark.parametrize("kind", ["mse", "spectrum", "joint"])
def test_blocks_do_not_show(tokenizer, segment, kind, monkeypatch):
    """However long the blocks are that the segment is decoded in."""
    whole = decoded(tokenizer, segment, kind)
    monkeypatch.setattr(joining, "_BLOCK_NUMBERS", 3 * CHANNELS * segment.spec.patch)
    np.testing.assert_allclose(decoded(tokenizer, segment, kind), whole, atol=1e-3)


def test_silence_stays_silence(tokenizer):
    """A silent channel among others is as it would be alone."""
    x = eeg()
    x[1] = 0
    (made,) = tokenizer.encode(x, RATE_HZ)
    np.testing.assert_array_equal(decoded(tokenizer, made)[1], decoded(tokenizer, made, "mse")[1])
    assert np.abs(decoded(tokenizer, made)[1]).max() < 0.5
    (silent,) = tokenizer.encode(0 * x, RATE_HZ)
    np.testing.assert_array_equal(decoded(tokenizer, silent), decoded(tokenizer, silent, "mse"))


def test_flagged_patches_neither_give_nor_take(tokenizer, segment):
    """What was imputed, filled or flat says nothing of the other channels."""
    flagged = dataclasses.replace(segment, flags=segment.flags.copy())
    flagged.flags[:, 0] |= 1
    found = decoded(tokenizer, flagged)
    np.testing.assert_array_equal(found[0], decoded(tokenizer, segment, "mse")[0])
    np.testing.assert_allclose(found[1:], decoded(tokenizer, part(segment, [1, 2, 3])), atol=1e-3)


def test_borders_become_smooth(tokenizer, segment):
    """As jumps of the decoded signal, and as jumps of the signal itself."""
    x = np.concatenate([p.samples_uv for p in patches_of(tokenizer, eeg())], axis=1)
    size = segment.spec.patch

    def jump(x):
        return float(np.median(np.abs(x[:, size::size] - x[:, size - 1 : -1 : size])))

    assert jump(single(tokenizer, segment)) > 1.2 * jump(x)
    assert jump(decoded(tokenizer, segment, "mse")) < 1.1 * jump(x)
    assert jump(decoded(tokenizer, segment)) < 1.1 * jump(x)


def test_the_joint_decode_is_nearer_to_the_signal(tokenizer):
    """If channels have common sources."""
    (made,) = tokenizer.encode(eeg(seconds=20), RATE_HZ)
    x = np.concatenate([p.samples_uv for p in patches_of(tokenizer, eeg(seconds=20))], axis=1)
    errors = {kind: ((decoded(tokenizer, made, kind) - x) ** 2).sum() for kind in ("mse", "joint")}
    assert errors["joint"] < 0.95 * errors["mse"]
    assert errors["mse"] <= ((single(tokenizer, made) - x) ** 2).sum()


def test_bundles_that_do_not_tell_how_sure_they_are_have_no_joint_decode(tmp_path):
    """One line, with what they offer."""
    path = tmp_path / "identity-1.pt"
    write_bundle(path, manifest(highpass_hz=None, model_rate_hz=None))
    identity = eegstream.Tokenizer.load(str(path), "cpu", sha256=digest(path))
    segments = identity.encode(np.ones((2, 640)), RATE_HZ)
    with pytest.raises(ConfigError, match=r"identity@1 has no decode 'joint'.*It offers mse"):
        identity.decode(segments, "joint")


@pytest.mark.parametrize("hop", [64, 48, 32, 10])
def test_overlapping_patches_fade_into_each_other(hop, tmp_path):
    """Each sample is a mean; an exact bundle stays exact, and a patch of zeros among ones has no edge."""
    path = tmp_path / "identity-1.pt"
    write_bundle(path, manifest(hop=hop, highpass_hz=None, model_rate_hz=None))
    identity = eegstream.Tokenizer.load(str(path), "cpu", sha256=digest(path))
    x = np.random.default_rng(0).normal(size=(2, 64 + 9 * hop)).astype(np.float32)
    np.testing.assert_allclose(decoded(identity, identity.encode(x, RATE_HZ)[0], "mse"), x, rtol=1e-6)
    own = weights(64, hop)
    total, ones = np.zeros(64 + 4 * hop), np.zeros(64 + 4 * hop)
    for number in range(5):
        total[number * hop : number * hop + 64] += own
        ones[number * hop : number * hop + 64] += own * (number != 2)
    steps = np.abs(np.diff(ones / total))
    assert hop == 64 or steps.max() <= 2 / (65 - hop)
