"""What tokens are worth: each part on codes of which one knows what they say."""

import math

import numpy as np
import pytest
import torch

from eegstream.codec.meanings import CodeMeaning
from trainer.evaluation.coded_recordings import Coded, coded
from trainer.evaluation.downstream import Task
from trainer.evaluation.linear_probes import EmbeddingProbe, RidgeProbe, chosen, explained
from trainer.evaluation.token_bits import PATCHES, stretches, token_bits, unigram_bits
from trainer.evaluation.token_digits import Digits
from trainer.evaluation.token_model import OTHERS, TokenModel
from trainer.evaluation.whole_recordings import Recorded
from trainer.evaluation.windowed_codec import WindowedCodec
from trainer.models.mlp import mlp_autoencoder

RNG = np.random.default_rng(3)
BEGIN = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    RNG.bit_generator.state = BEGIN


SMALL = {
    "patch_size": 32, "hidden_dims": [8], "dropout": 0.0, "activation": "relu", "use_conditioning": False,
    "levels": [8, 5], "groups": 1,
}  # fmt: skip


def recorded(subject, side, channels=3, samples=1000, data_set="made", file="a_1.edf"):
    samples_uv = np.random.default_rng(5).standard_normal((channels, samples)).astype(np.float32) * 10
    return Recorded(data_set, subject, file, samples_uv, 64.0, 64.0, side)


def part(codes, use="fit", data_set="made"):
    """Codes (C, P, G) as if of a recording."""
    codes = np.asarray(codes)
    one = recorded("s", "train", codes.shape[0], codes.shape[1] * 4, data_set)
    return Coded(one, one.samples_uv.reshape(codes.shape[0], codes.shape[1], 4), codes, use)


# Recordings


def test_recordings_are_cut_and_have_their_use() -> None:
    """The middle, whole patches; some training subjects choose settings; of other devices what a task asks for."""
    people = [recorded(f"{n:02}", "train") for n in range(13)]
    task = Task(data_set="dev", classes=("_1", "_2"), window_s=1, across_subjects=True, title="t")
    other = [recorded("x", "test", data_set="dev"), recorded("x", "test", data_set="dev", file="b.edf")]
    codec = WindowedCodec.of_network(mlp_autoencoder(**SMALL))
    found = coded(codec, [*people, recorded("v", "val"), *other], [task], seconds=4)
    assert [one.use for one in found].count("choose") == 2
    assert [one.use for one in found][-2:] == ["val", "test"], "the file that no task names is left out"
    assert found[0].codes.shape == (3, 8, 1)
    np.testing.assert_array_equal(found[0].patches_uv.reshape(3, 256), people[0].samples_uv[:, 372:628])
    assert found[0].patch_s == 0.5


# Digits


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize(
    ("size", "levels"), [(64000, (8, 8, 8, 5, 5, 5)), (32, (32,)), (32768, ()), (60000, ()), (2, ()), (256, ())]
)
def test_digits_are_the_code(size: int, levels: tuple[int, ...], merged: bool) -> None:
    """Each within its number of values, the first least significant, and no two codes are alike."""
    digits = Digits.of([CodeMeaning("unknown", size, levels)] * 2, merged=merged)
    codes = np.stack([np.arange(size), np.arange(size)[::-1]], axis=1)
    split = digits.split(codes)
    assert (split < np.array(digits.sizes)).all()
    assert max(digits.sizes) <= 256
    half = len(digits.sizes) // 2
    weights = np.cumprod([1, *digits.sizes[: half - 1]])
    np.testing.assert_array_equal(split[:, :half] @ weights, codes[:, 0])
    assert digits.code_of.tolist() == [0] * half + [1] * half


# Bits


def test_stretches_have_a_channel_and_the_two_that_follow() -> None:
    """Of whole stretches; none of recordings with two channels."""
    codes = np.arange(4)[:, None, None] * 100 + np.arange(2 * PATCHES + 3)[None, :, None]
    found = stretches([part(codes), part(codes[:2])])
    assert found.shape == (8, 1 + OTHERS, PATCHES, 1)
    assert found[:, :, 0, 0].tolist() == [
        [0, 100, 200], [8, 108, 208], [100, 200, 300], [108, 208, 308],
        [200, 300, 0], [208, 308, 8], [300, 0, 100], [308, 8, 108],
    ]  # fmt: skip
    assert len(stretches([part(codes)], most=3)) == 3
    assert len(stretches([])) == 0


def test_a_histogram_needs_the_entropy_or_no_more_than_even_chances() -> None:
    """Of a source like the fitted one; where every value is new, even chances are taken."""
    share = np.array([0.5, 0.25, 0.125, 0.125])
    fit, choose, asked = (RNG.choice(4, (20_000, 1), p=share) for _ in range(3))
    (bits,) = unigram_bits([4], fit, choose, asked)
    assert bits == pytest.approx(1.75, abs=0.03)
    (bits,) = unigram_bits([60_000], *(RNG.integers(0, 60_000, (500, 1)) for _ in range(3)))
    assert bits == pytest.approx(math.log2(60_000), abs=0.05)


def test_the_model_hears_only_what_came_before() -> None:
    """Not the digits after one, not the patches after one, of others not those of later times."""
    torch.manual_seed(0)
    model = TokenModel([5, 7, 3], PATCHES).eval()
    own = torch.stack([torch.randint(0, size, (2, PATCHES)) for size in (5, 7, 3)], dim=2)
    others = own[:, None].expand(-1, OTHERS, -1, -1).contiguous()
    changed, changed_others = own.clone(), others.clone()
    changed[:, 4, 1] = (changed[:, 4, 1] + 1) % 7
    changed_others[:, :, 5] = 0
    with torch.inference_mode():
        before, after = model(own, others), model(changed, others)
        told = model(own, changed_others)
        alone = model(own, None)
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-5)
    assert torch.allclose(before[:, 4, 0], after[:, 4, 0], atol=1e-5)
    assert not torch.allclose(before[:, 4, 2], after[:, 4, 2], atol=1e-4)
    assert not torch.allclose(before[:, 5], after[:, 5], atol=1e-4)
    assert torch.allclose(before[:, :5], told[:, :5], atol=1e-5)
    assert not torch.allclose(before[:, 5], told[:, 5], atol=1e-4)
    assert not torch.allclose(before, alone, atol=1e-4)


def test_a_model_tells_what_can_be_told() -> None:
    """A counter is known from the patch before, its copy from the other channels; chance is not told."""
    time = RNG.integers(0, 8, (240, 1, 1)) + np.arange(PATCHES)
    shared = np.broadcast_to(RNG.integers(0, 8, (240, 1, PATCHES)), (240, 3, PATCHES))
    codes = np.stack(
        [np.broadcast_to(time % 8, (240, 3, PATCHES)), shared, RNG.integers(0, 8, (240, 3, PATCHES))], axis=3
    )
    uses = ["fit"] * 200 + ["choose"] * 20 + ["val"] * 20
    digits = Digits.of([CodeMeaning("unknown", 8)] * 3, merged=True)
    lines: list[str] = []
    found = token_bits(
        [part(c, use) for c, use in zip(codes, uses, strict=True)], digits, [8] * 3, 200, 1, lines.append
    )
    (bits,) = found.values()
    assert bits["uniform"] == [3, 3, 3]
    assert bits["unigram"] == pytest.approx([3, 3, 3], abs=0.1)
    assert bits["model"][0] < 1.2
    assert bits["model"][1] == pytest.approx(3, abs=0.2)
    assert bits["model_with_others"][1] < 0.5
    assert bits["model_with_others"][2] == pytest.approx(3, abs=0.2)
    assert lines[-1].startswith("language model: step 200 of 200, ")


def test_the_same_seed_gives_the_same_bits() -> None:
    """And leaves the random state as it was."""
    codes = RNG.integers(0, 8, (3, 4 * PATCHES, 1))
    digits = Digits.of([CodeMeaning("unknown", 8)], merged=True)
    state = torch.random.get_rng_state()
    parts = [part(codes), part(codes, "val")]
    first, second = (token_bits(parts, digits, [8], 4, 1, lambda _: None) for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), state)
    assert token_bits([part(codes[:2]), part(codes, "val")], digits, [8], 4, 1, lambda _: None) == {}


# Probes


def test_an_embedding_probe_is_ridge_on_one_hot_codes() -> None:
    """The solution of the normal equations; values that were not fitted add nothing."""
    sizes = [5, 9]
    codes = np.stack([RNG.integers(0, size - 1, 400) for size in sizes], axis=1)
    targets = RNG.standard_normal((5, 2))[codes[:, 0]] + RNG.standard_normal((9, 2))[codes[:, 1]]
    hot = np.concatenate([np.eye(size)[codes[:, g]] for g, size in enumerate(sizes)], axis=1)
    centred = targets - targets.mean(axis=0)
    weights = np.linalg.solve(hot.T @ hot + 2.0 * np.eye(14), hot.T @ centred)
    probe = EmbeddingProbe(codes, targets, sizes, 2.0)
    np.testing.assert_allclose(probe(codes), hot @ weights + targets.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(probe(np.array([[4, 8]]))[0], targets.mean(axis=0), atol=1e-6)
    assert (explained(targets, probe(codes), centred=True) > 0.98).all()


def test_a_ridge_probe_finds_a_linear_map() -> None:
    """And a penalty is chosen by other patches."""
    x = RNG.standard_normal((500, 6)).astype(np.float32)
    weights = RNG.standard_normal((6, 2))
    targets = x @ weights + 3
    probe = chosen(lambda penalty: RidgeProbe(x[:300], targets[:300], penalty), x[300:400], targets[300:400])
    assert (explained(targets[400:], probe(x[400:]), centred=True) > 0.999).all()
    noise = RNG.standard_normal((500, 2))
    probe = chosen(lambda penalty: RidgeProbe(x[:300], noise[:300], penalty), x[300:400], noise[300:400])
    assert (explained(noise[400:], probe(x[400:]), centred=False) < 0.1).all()
