"""The tokens model: ranges, exactness, robustness, one meaning for each code, and that the fit is worth its time."""

from itertools import chain, pairwise

import numpy as np
import pytest
import torch

from eegstream.codec import torchscript
from eegstream.codec.archive import Archive
from eegstream.codec.graph_check import require_allowed
from eegstream.codec.source_check import require_harmless
from eegstream.errors import ConfigError
from trainer.evaluation.metrics import periodogram
from trainer.models.mlp import mlp_autoencoder
from trainer.models.tokens import TokenCodec
from trainer.models.tokens.band_powers import BandPowers
from trainer.models.tokens.codebooks import HalvedCodebooks
from trainer.models.tokens.fit import TokenFitter
from trainer.models.tokens.grid_order import grid_order
from trainer.models.tokens.settings import TokenSettings

SMALL = {
    "patch_size": 64,
    "coefficients": 40,
    "power_edges": [1, 3, 6, 12],
    "code_digits": [6, 6, 4],
    "hidden": 16,
    "candidates": 4,
}
GAIN_STEP = 4000 ** (1 / 31)


def made_up(rows, seed):
    """Random walks and oscillations with noise, of many sizes."""
    rng = np.random.default_rng(seed)
    walk = rng.standard_normal((rows, 64)).cumsum(axis=1) * 0.3
    cycles = rng.choice([0.05, 0.1, 0.2], (rows, 1))
    wave = 2 * np.sin(2 * np.pi * (cycles * np.arange(64) + rng.uniform(0, 1, (rows, 1))))
    x = np.where(rng.uniform(size=(rows, 1)) < 0.5, walk, 0.2 * walk + wave) + 0.1 * rng.standard_normal((rows, 64))
    return (x * 10 ** rng.uniform(0.3, 1.5, (rows, 1))).astype(np.float32)


def rates(rows=64):
    return torch.tensor([100.0, 256.0, 500.0, 2048.0]).repeat(rows // 4 + 1)[:rows, None]


def tile(seed=2):
    return torch.from_numpy(made_up(64, seed))


def error(codec, x, kept=None):
    """NRMSE, if so many codes are kept."""
    with torch.no_grad():
        codes = codec.encode(x, rates(len(x)))
        if kept is not None:
            codes[:, kept:] = -1
        y = codec.decode(codes, rates(len(x)))
    return float(((y - x).square().sum(1) / x.square().sum(1)).mean().sqrt())


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    made = TokenCodec(**SMALL)
    TokenFitter(envelope_steps=60, codebook_steps=60)(made, made_up(3000, seed=0), 0, lambda _: None)
    with torch.no_grad():  # as after training: the rate matters
        for parameter in [*made.encoder.parameters(), *made.decoder.parameters()]:
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    return made.eval().requires_grad_(requires_grad=False)


def test_shapes_and_ranges(codec):
    """Codes (B, G) int32, each below its size; patches (B, N) float32 back."""
    codes = codec.encode(tile(), rates())
    assert codec.codebook_sizes == [4096, 256, 4096, 4096, 256]
    assert codes.shape == (64, 5)
    assert codes.dtype == torch.int32
    assert ((codes >= 0) & (codes < torch.tensor(codec.codebook_sizes))).all()
    decoded = codec.decode(codes, rates())
    assert decoded.shape == (64, 64)
    assert decoded.dtype == torch.float32


def test_the_codes_are_all_that_training_saw(codec):
    """What the training pass reconstructs is what decode makes of the codes."""
    x = tile()
    torch.testing.assert_close(codec(x, rates()), codec.decode(codec.encode(x, rates()), rates()), rtol=1e-4, atol=1e-3)


def test_scripted_equals_eager_and_uses_what_a_bundle_may(codec, tmp_path):
    """To the bit, in tiles."""
    x = tile()
    codes = codec.encode(x, rates())
    scripted = torchscript.script(codec)
    with torch.inference_mode(), torchscript.without_fusion():
        assert torch.equal(scripted.encode(x, rates()), codes)
        assert torch.equal(scripted.decode(codes, rates()), codec.decode(codes, rates()))
        assert torch.equal(scripted.decode_spectrum(codes, rates()), codec.decode_spectrum(codes, rates()))
    torchscript.save(scripted, tmp_path / "model.pt", {})
    content = (tmp_path / "model.pt").read_bytes()
    archive = Archive.read(content, "model")
    require_harmless(archive.sources, "model")
    require_allowed(torchscript.load_bytes(archive.repacked()), ["encode", "decode", "decode_spectrum"], "model")


def test_codes_depend_on_neither_company_nor_place(codec):
    """A row gives the same codes wherever it stands."""
    x, rate_hz = tile(), rates()
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(codec.encode(x[order], rate_hz[order]), codec.encode(x, rate_hz)[order])


@pytest.mark.parametrize("value", [0.0, 1e30, -3.4e38, 1e-42, float("inf"), float("nan"), 1e5])
def test_any_input_gives_codes_and_any_code_a_signal(codec, value):
    """Constant, alternating and single extreme samples; any prefix."""
    x = torch.zeros(64, 64)
    x[0], x[1, ::2], x[2, 7] = value, value, value
    codes = codec.encode(x, rates())
    assert ((codes >= 0) & (codes < torch.tensor(codec.codebook_sizes))).all()
    for kept in reversed(range(6)):
        codes[:, kept:] = -1
        assert codec.decode(codes, rates()).isfinite().all()
        assert codec.decode_spectrum(codes, rates()).isfinite().all()


def test_loudness_moves_the_gain_digit_alone(codec):
    """A patch that is louder by steps of the gain has the same other codes."""
    one, two = codec.encode(tile(), rates()), codec.encode(tile() * GAIN_STEP**2, rates())
    moved = (two[:, 0] - one[:, 0] == 2) & (two[:, 1:] == one[:, 1:]).all(dim=1)
    assert moved.float().mean() > 0.9


def test_each_code_adds_its_own_coefficients(codec):
    """A code changes the same coefficients, by the same multiples of the envelope, whatever the other codes are."""
    codes = codec.encode(tile(), rates())
    longer, shorter = codes.clone(), codes.clone()
    longer[:, 3:], shorter[:, 2:] = -1, -1
    rough, detail = codec.radix.split(codes[:, 0]), codec.detail_radix.split(codes[:, 1])
    size = codec.sizes(codec.quantizer.values(torch.cat([rough[:, 1:], detail], dim=1)), rates())
    gain_uv = codec.gain.expand(torch.ones(64, 1), rough[:, :1])
    added = codec.decode(longer, rates()) - codec.decode(shorter, rates())
    multiples = added @ codec.analysis / (gain_uv * size)
    first, second = codec.codebooks.halves_of(codes[:, 2:])
    members = TokenSettings(**SMALL).members[0]
    expected = codec.codebooks.first[0, first[0]] + codec.codebooks.second[0, second[0]]
    torch.testing.assert_close(multiples[:, members], expected[:, : len(members)], rtol=1e-3, atol=1e-3)
    others = [k for k in range(40) if k not in members]
    assert multiples[:, others].abs().max() < 1e-3


def test_the_fit_helps_and_more_codes_help(codec):
    """Against an untrained network, and code by code."""
    torch.manual_seed(0)
    x = tile(seed=3)
    errors = [error(codec, x, kept) for kept in range(6)]
    assert all(before >= after for before, after in pairwise(errors))
    assert errors[0] == errors[1] == errors[2] == 1
    assert errors[-1] < 0.8 * error(TokenCodec(**SMALL), x)


def test_digits_tell_band_powers_linearly(codec):
    """Gain and envelope of new patches, by a linear map fitted to others; the mean over bands. Without, R² is 0."""
    fitted, asked = torch.from_numpy(made_up(2000, seed=0)), torch.from_numpy(made_up(500, seed=5))
    hann = BandPowers(64, SMALL["power_edges"])

    def digits(x):
        codes = codec.encode(x, torch.full((len(x), 1), 256.0))
        every = torch.cat([codec.radix.split(codes[:, 0]), codec.detail_radix.split(codes[:, 1])], dim=1)
        return torch.cat([every.double(), torch.ones(len(x), 1)], dim=1)

    weights = torch.linalg.lstsq(digits(fitted), hann(fitted).double()).solution
    wanted = hann(asked).double()
    left = (digits(asked) @ weights - wanted).square().sum(0) / (wanted - wanted.mean(0)).square().sum(0)
    assert 1 - left.mean() > 0.8


def test_the_spectrum_decode_keeps_the_power(codec):
    """Of the whole patch on average, also if only the envelope is known; what it adds does not depend on company."""
    x = torch.from_numpy(made_up(1024, seed=6))
    codes = codec.encode(x, rates(1024))
    envelope = codes.clone()
    envelope[:, 2:] = -1
    least, whole = codec.decode(codes, rates(1024)), codec.decode_spectrum(codes, rates(1024))
    noise = codec.decode_spectrum(envelope, rates(1024))
    power = [(y.square().sum(1) / x.square().sum(1)).mean() for y in (least, whole, noise)]
    assert power[0] < power[1]
    assert 0.8 < power[1] < 1.25
    assert 0.7 < power[2] < 1.4
    torch.testing.assert_close(codec.decode_spectrum(codes[:64], rates()), whole[:64])


def test_the_power_of_a_codebook_is_that_of_its_values():
    """The mean square over all values of a code, of codes of different sizes and of coefficients in their order."""
    torch.manual_seed(2)
    books = HalvedCodebooks([16, 4], [[0, 3, 5], [1, 2, 4, 6]], candidates=4)
    with torch.no_grad():
        power = books.power(7)
        for code, (own, size) in enumerate([([0, 3, 5], 16), ([1, 2, 4, 6], 4)]):
            every = books.first[code, :size, None] + books.second[code, None, :size]
            torch.testing.assert_close(power[own], every.square().mean((0, 1))[: len(own)])


def test_band_powers_are_those_of_the_hann_periodogram():
    """As `trainer.evaluation.metrics.periodogram` has it."""
    x = torch.from_numpy(made_up(64, seed=7))
    power = periodogram(x.double())
    expected = torch.log(torch.stack([power[:, 1:4].mean(1), power[:, 4:9].mean(1)], dim=1) + 1e-3)
    torch.testing.assert_close(BandPowers(64, [1, 4, 9])(x).double(), expected, rtol=1e-3, atol=1e-3)


def test_the_search_finds_the_best_pair():
    """With all candidates, that of all pairs of halves; the padding of a smaller code is never chosen."""
    torch.manual_seed(1)
    books = HalvedCodebooks([16, 4], [[0, 1, 5], [2, 3, 4, 6]], candidates=4)
    z, size = torch.randn(64, 7), torch.rand(64, 7) + 0.1
    with torch.no_grad():
        first, second = books.search(z, size)
        value = books(first, second, torch.ones(2, 64), 7) * size
        assert int(first[1].max()) < 4
        assert int(second[1].max()) < 4
        every = books.first[1, :4, None] + books.second[1, None, :4]
        own = size[:, [2, 3, 4, 6]]
        least = (z[:, None, [2, 3, 4, 6]] - every.view(1, 16, 4) * own[:, None]).square().sum(2).min(1)[0]
    found = (z - value)[:, [2, 3, 4, 6]].square().sum(1)
    torch.testing.assert_close(found, least, rtol=1e-4, atol=1e-5)
    assert torch.equal(books.halves_of(books.codes_of(first, second))[0], first)


def test_every_coefficient_belongs_to_one_code():
    """Those of the shipped settings, too."""
    for settings in (TokenSettings(), TokenSettings(**SMALL)):
        assert sorted(chain.from_iterable(settings.members)) == list(range(settings.coefficients))
    assert np.log2(TokenSettings().codebook_sizes).sum() == 128


def test_neighbours_on_the_grid_are_alike():
    """Vectors one step of a digit apart are closer than others; vectors that lie on a grid are laid out on it."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((64, 3))
    order = grid_order(vectors, [4, 4, 4])
    assert sorted(order) == list(range(64))
    ordered = vectors[order].reshape(4, 4, 4, 3)
    steps = [((np.diff(ordered, axis=axis)) ** 2).sum(-1).mean() for axis in range(3)]
    assert np.mean(steps) < 0.4 * 6
    line = rng.permutation(4)[:, None].astype(float)
    assert list(np.abs(np.diff(line[grid_order(line, [4])][:, 0]))) == [1, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"code_digits": []}, "code_digits"),
        ({"code_digits": [3]}, "code_digits"),
        ({"gain_levels": 64}, "first code"),
        ({"detail_levels": [65, 65]}, "second code"),
        ({"detail_levels": []}, "detail_levels"),
        ({"candidates": 65}, "candidates"),
        ({"power_edges": [4, 1]}, "power_edges"),
        ({"power_edges": [1, 200]}, "power_edges"),
        ({"power_weight": -1.0}, "power_weight"),
        ({"coefficients": 400}, "coefficients"),
        ({"lowest": 20}, "lowest"),
        ({"gain_range_uv": (1.0, 1.0)}, "gain_range_uv"),
    ],
)
def test_wrong_settings_are_named(wrong, named):
    """At once."""
    with pytest.raises(ValueError, match=named):
        TokenSettings(**wrong)


def test_the_fitter_refuses_what_it_cannot_fit():
    """Numbers out of range, and other networks."""
    with pytest.raises(ValueError, match="codebook_steps"):
        TokenFitter(codebook_steps=0)
    other = mlp_autoencoder(64, [8], levels=[8, 8], groups=1)
    with pytest.raises(ConfigError, match="TokenCodec"):
        TokenFitter()(other, made_up(10, 0), 0, lambda _: None)
