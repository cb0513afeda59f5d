"""The gain-shape model: what its digits mean, its search, its gradient, exactness and robustness."""

import math

import pytest
import torch

from eegstream.codec import torchscript
from eegstream.codec.archive import Archive
from eegstream.codec.graph_check import require_allowed
from eegstream.codec.source_check import require_harmless
from trainer.models.gain_shape import GainShapeAutoencoder

SMALL = {
    "patch_size": 64,
    "encoder_dims": [48, 32],
    "decoder_dims": [16, 32],
    "gain_levels": 16,
    "gain_range_uv": (1.5, 400.0),
    "shape_levels": [5, 4, 3, 2],
    "cosines": 40,
}
GAIN_STEP = (400 / 1.5) ** (1 / 15)


@pytest.fixture(params=[True, False], ids=["with rate", "without"])
def model(request):
    return make(use_conditioning=request.param)


def make(**settings):
    torch.manual_seed(3)
    made = GainShapeAutoencoder(**{**SMALL, **settings})
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3 / parameter.shape[-1] ** 0.5)
    return made.eval().requires_grad_(False)


def eeg_like(rows=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 64, generator=generator).cumsum(1) * (2 + 20 * torch.rand(rows, 1, generator=generator))


def rates(rows=64):
    return torch.tensor([100.0, 256.0, 500.0, 2048.0]).repeat(rows // 4 + 1)[:rows, None]


def digits(model, x):
    """Gain, sign and shape (B, 2 + D) of patches (B, N)."""
    return model.radix.split(model.encode(x, rates(len(x)))).squeeze(1)


def test_one_code_of_gain_sign_and_shape(model):
    """Its values are those of all digits together, and all that the training pass reconstructs is in it."""
    x, rate_hz = eeg_like(), rates()
    codes = model.encode(x, rate_hz)
    assert model.codebook_sizes == [16 * 2 * 5 * 4 * 3 * 2]
    assert (codes.shape, codes.dtype) == ((64, 1), torch.int32)
    assert ((codes >= 0) & (codes < model.codebook_sizes[0])).all()
    assert torch.equal(model(x, rate_hz), model.decode(codes, rate_hz))


def test_loudness_is_the_first_digit_alone(model):
    """A patch that is louder by steps of the grid has the same sign and shape, and decodes to as much more."""
    x, rate_hz = eeg_like(), rates()
    quiet, loud = digits(model, x), digits(model, x * GAIN_STEP**2)
    inside = (quiet[:, 0] > 0) & (quiet[:, 0] < 13)
    assert inside.sum() > 10
    assert torch.equal(quiet[:, 1:], loud[:, 1:])
    assert torch.equal(quiet[inside, 0] + 2, loud[inside, 0])
    torch.testing.assert_close(
        model.decode(model.encode(x * GAIN_STEP**2, rate_hz), rate_hz)[inside],
        model.decode(model.encode(x, rate_hz), rate_hz)[inside] * GAIN_STEP**2,
        rtol=1e-4,
        atol=1e-4,
    )


def test_polarity_is_the_second_digit_alone(model):
    """The negative of a patch has the other sign, and decodes to the negative."""
    x, rate_hz = eeg_like(), rates()
    one, other = digits(model, x), digits(model, -x)
    assert torch.equal(one[:, 1] + other[:, 1], torch.ones(64, dtype=torch.int32))
    assert torch.equal(one[:, [0, 2, 3, 4, 5]], other[:, [0, 2, 3, 4, 5]])
    decoded = model.decode(model.encode(-x, rate_hz), rate_hz)
    assert torch.equal(decoded, -model.decode(model.encode(x, rate_hz), rate_hz))


def test_the_best_of_the_neighbours_is_taken(model):
    """The errors that the search tells are those of the decoded shapes with the best gain; the code has the least."""
    x, rate_hz = eeg_like(), rates()
    x_uv, _, sign, z = model.analyse(x)
    place = model.place(z, rate_hz)
    best, towards, errors = model.search(z, place, rate_hz)

    def error_of(told):
        unit = model.shape(told.to(torch.int32), rate_hz)
        across = (x_uv * sign * unit).mean(1, keepdim=True).clamp_min(0)
        return ((x_uv * sign - across * unit) ** 2).sum(1) / (x_uv**2).sum(1)

    nearest = torch.floor(place + 0.5)
    torch.testing.assert_close(errors[:, 0], error_of(nearest), rtol=1e-3, atol=1e-4)
    for digit in range(4):
        second = nearest.clone()
        second[:, digit] += towards[:, digit]
        assert ((second >= 0) & (second <= model.quantizer.top)).all()
        torch.testing.assert_close(errors[:, 1 + digit], error_of(second), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(errors.amin(1), error_of(best), rtol=1e-3, atol=1e-4)
    assert (errors.amin(1) < errors[:, 0]).any()


def test_no_other_gain_is_better(model):
    """One step up or down increases the error, up to rounding in the logarithm."""
    x, rate_hz = eeg_like(), rates()
    found = digits(model, x)
    inside = (found[:, 0] > 0) & (found[:, 0] < 15)
    unit = model.shape(found[:, 2:], rate_hz) * (2.0 * found[:, 1:2] - 1)
    across = (x * unit).mean(1)
    off_by = torch.log(across / model.gain_uv(found[:, :1]).squeeze(1)).abs()
    assert (off_by[inside & (across > 1.5)] <= 0.5 * math.log(GAIN_STEP) * 1.001).all()


def test_the_gradient_of_a_place_is_the_slope_of_the_error(model):
    """Under the relative error, for each digit: error of the second-nearest level less that of the nearest one."""
    x, rate_hz = eeg_like(), rates()
    _, _, _, z = model.analyse(x)
    _, towards, errors = model.search(z, model.place(z, rate_hz), rate_hz)
    expected = (errors[:, 1:] - errors[:, :1]) * towards / len(x)
    places = []
    model.requires_grad_(True)
    place_of = model.place

    def kept(*arguments):
        places.append(place_of(*arguments))
        places[0].retain_grad()
        return places[0]

    model.place = kept
    loss = (((model(x, rate_hz) - x) ** 2).sum(1) / (x**2).sum(1)).mean()
    loss.backward()
    torch.testing.assert_close(places[0].grad, expected, rtol=1e-3, atol=1e-6)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


def test_training_reduces_the_error():
    """A few hundred steps on one source, from a fresh model."""
    torch.manual_seed(0)
    model = GainShapeAutoencoder(**SMALL)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    errors = []
    for step in range(200):
        x = eeg_like(128, seed=step)
        optimizer.zero_grad()
        loss = (((model(x, rates(128)) - x) ** 2).sum(1) / (x**2).sum(1)).mean()
        loss.backward()
        optimizer.step()
        errors.append(float(loss.detach()))
    assert sum(errors[-20:]) < 0.5 * sum(errors[:20])


def test_scripted_equals_eager_to_the_bit(model):
    """In tiles of 64 rows."""
    x, rate_hz = eeg_like(), rates()
    codes, scripted = model.encode(x, rate_hz), torchscript.script(model)
    with torch.inference_mode(), torchscript.without_fusion():
        assert torch.equal(scripted.encode(x, rate_hz), codes)
        assert torch.equal(scripted.decode(codes, rate_hz), model.decode(codes, rate_hz))


def test_the_operators_are_those_that_a_bundle_may_use(model, tmp_path):
    """In the sources that are exported, and in the graphs that PyTorch makes of them."""
    torchscript.save(torchscript.script(model), tmp_path / "model.pt", {})
    archive = Archive.read((tmp_path / "model.pt").read_bytes(), "model")
    require_harmless(archive.sources, "model")
    require_allowed(torchscript.load_bytes(archive.repacked()), ["encode", "decode"], "model")


def test_codes_depend_on_neither_company_nor_place(model):
    """A row of a tile gives the same code wherever it stands and whatever stands beside it."""
    x, rate_hz = eeg_like(), rates()
    codes = model.encode(x, rate_hz)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model.encode(x[order], rate_hz[order]), codes[order])
    for row in (0, 17, 63):
        beside, beside_rate = torch.full_like(x, 1e30), torch.ones_like(rate_hz)
        beside[5], beside_rate[5] = x[row], rate_hz[row]
        assert torch.equal(model.encode(beside, beside_rate)[5], codes[row])


@pytest.mark.parametrize("value", [0.0, 1e30, -1e30, 3.4e38, 1e-42, float("inf"), float("nan"), 1e-3, 1e5])
def test_any_input_gives_a_code_and_any_code_a_signal(model, value):
    """Constant, alternating and single extreme samples."""
    x = torch.zeros(64, 64)
    x[0], x[1, ::2], x[2, 7] = value, value, value
    codes = model.encode(x, rates())
    assert ((codes >= 0) & (codes < model.codebook_sizes[0])).all()
    assert model.decode(codes, rates()).isfinite().all()


def test_a_flat_patch_decodes_to_the_lowest_gain(model):
    """Silence has no shape; its decode is as quiet as a code can say."""
    decoded = model.decode(model.encode(torch.zeros(64, 64), rates()), rates())
    assert (decoded.square().mean(1).sqrt() < 1.51).all()


@pytest.mark.parametrize(
    "settings",
    [
        *({"encoder_dims": []}, {"decoder_dims": []}, {"gain_levels": 1}, {"gain_range_uv": (3, 2)}, {"cosines": 65}),
        *({"cosines": 0}, {"shape_levels": [1]}, {"activation": "x"}),
    ],
)
def test_settings_that_cannot_work_are_refused(settings):
    """Each with a line that says why."""
    with pytest.raises(ValueError, match=next(iter(settings)).removeprefix("shape_")):
        GainShapeAutoencoder(**{**SMALL, **settings})


def test_more_values_than_a_code_can_have_are_refused():
    """The limit is told."""
    with pytest.raises(ValueError, match="at most 65536"):
        GainShapeAutoencoder(**{**SMALL, "shape_levels": [8, 8, 8, 8]})
