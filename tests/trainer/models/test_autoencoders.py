"""The models: shapes, ranges, exactness, robustness."""

import pytest
import torch

from eegstream.codec import torchscript
from eegstream.codec.archive import Archive
from eegstream.codec.graph_check import require_allowed
from eegstream.codec.manifest import DECODE_METHODS
from eegstream.codec.source_check import require_harmless
from trainer.models.activations import ACTIVATIONS, Snake, activation
from trainer.models.amplitude import LogGain
from trainer.models.dct import WhitenedCosines
from trainer.models.film import FiLM
from trainer.models.mlp import mlp_autoencoder
from trainer.models.residual import AdaptiveNorm, residual_autoencoder

LEVELS = [8, 8, 8, 5, 5, 5]
VARIANTS = {
    "seed": {"use_conditioning": True},
    "plain": {},
    "snake": {"activation": "snake", "groups": 3},
    "dropout": {"dropout": 0.3, "groups": 2},
    "gain": {"groups": 8, "gain_digits": 2},
    "gain and cosines": {"groups": 8, "gain_digits": 2, "cosines": 40, "activation": "snake"},
    "everything": {"groups": 32, "gain_digits": 1, "cosines": 64, "use_conditioning": True, "activation": "gelu"},
    "symmetric": {"fsq": "symmetric", "groups": 3, "activation": "silu"},
    "residual": {"width": 40, "blocks": 2, "use_conditioning": True},
    "residual without rate": {"width": 40, "blocks": 2, "use_conditioning": False, "activation": "snake", "groups": 2},
    "residual with everything": {
        "width": 40,
        "blocks": 3,
        "gain_digits": 2,
        "groups": 8,
        "cosines": 40,
        "dropout": 0.1,
    },
}


def make(patch_size=64, **settings):
    torch.manual_seed(3)
    common = {"levels": LEVELS, "groups": 1, **settings}
    model = (
        residual_autoencoder(patch_size, **common)
        if "width" in settings
        else mlp_autoencoder(patch_size, [48, 32], **common)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3 / parameter.shape[-1] ** 0.5)
    return model.eval()


def eeg_like(rows=64, samples=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, samples, generator=generator).cumsum(1) * torch.rand(rows, 1, generator=generator) * 40


def rates(rows=64):
    return torch.tensor([100.0, 256.0, 500.0, 2048.0]).repeat(rows // 4 + 1)[:rows, None]


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def model(request):
    return make(**request.param)


def test_shapes_and_ranges(model):
    """Codes (B, G) int32 within their words; patches (B, N) float32 back."""
    codes = model.encode(eeg_like(), rates())
    assert codes.shape == (64, model.groups)
    assert codes.dtype == torch.int32
    assert model.codebook_sizes == [64000] * model.groups
    assert ((codes >= 0) & (codes < 64000)).all()
    decoded = model.decode(codes, rates())
    assert decoded.shape == (64, 64)
    assert decoded.dtype == torch.float32
    assert decoded.isfinite().all()


def test_the_codes_are_all_that_training_saw(model):
    """What the training pass reconstructs is what decode makes of the codes: no side information."""
    x, rate_hz = eeg_like(), rates()
    torch.testing.assert_close(model(x, rate_hz), model.decode(model.encode(x, rate_hz), rate_hz), rtol=1e-4, atol=1e-3)


def test_scripted_equals_eager_to_the_bit(model):
    """In tiles of 64 rows, with and without inference mode, frozen too."""
    x, rate_hz = eeg_like(), rates()
    codes = model.encode(x, rate_hz)
    decoded = model.decode(codes, rate_hz)
    scripted = torchscript.script(model)
    frozen = torchscript.script(model)
    frozen.eval()
    for module in (scripted, frozen):
        with torch.inference_mode(), torchscript.without_fusion():
            assert torch.equal(module.encode(x, rate_hz), codes)
            assert torch.equal(module.decode(codes, rate_hz), decoded)


def test_the_operators_are_those_that_a_bundle_may_use(model, tmp_path):
    """In the sources that are exported, and in the graphs that PyTorch makes of them."""
    torchscript.save(torchscript.script(model), tmp_path / "model.pt", {})
    content = (tmp_path / "model.pt").read_bytes()
    archive = Archive.read(content, "model")
    require_harmless(archive.sources, "model")
    methods = [DECODE_METHODS[kind] for kind in model.decodes]
    require_allowed(torchscript.load_bytes(archive.repacked()), ["encode", *methods], "model")


def test_codes_depend_on_neither_company_nor_place(model):
    """A row of a tile gives the same code wherever it stands and whatever stands beside it."""
    x, rate_hz = eeg_like(), rates()
    codes, decoded = model.encode(x, rate_hz), model.decode(model.encode(x, rate_hz), rate_hz)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model.encode(x[order], rate_hz[order]), codes[order])
    assert torch.equal(model.decode(codes[order], rate_hz[order]), decoded[order])
    for row in (0, 17, 63):
        alone, alone_rate = torch.zeros_like(x), torch.ones_like(rate_hz)
        alone[5], alone_rate[5] = x[row], rate_hz[row]
        hostile = torch.full_like(x, 1e30)
        hostile[5] = x[row]
        assert torch.equal(model.encode(alone, alone_rate)[5], codes[row])
        assert torch.equal(model.encode(hostile, alone_rate)[5], codes[row])


@pytest.mark.parametrize(
    "value", [0.0, 1e30, -1e30, 3.4e38, 1e-42, float("inf"), float("-inf"), float("nan"), 1e-3, 1e5]
)
def test_any_input_gives_a_code_and_any_code_a_signal(model, value):
    """Constant, alternating and single extreme samples."""
    x = torch.zeros(64, 64)
    x[0] = value
    x[1, ::2] = value
    x[2, 7] = value
    codes = model.encode(x, rates())
    assert ((codes >= 0) & (codes < 64000)).all()
    assert model.decode(codes, rates()).isfinite().all()


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 1e12, float("inf")])
def test_any_rate_gives_a_code(rate_hz):
    """Rates that no stream has do no harm."""
    model = make(use_conditioning=True)
    codes = model.encode(eeg_like(), torch.full((64, 1), rate_hz))
    assert ((codes >= 0) & (codes < 64000)).all()


def test_a_flat_patch_decodes_to_about_nothing_with_a_gain():
    """The lowest gain bounds it."""
    model = make(groups=8, gain_digits=2)
    decoded = model.decode(model.encode(torch.zeros(64, 64), rates()), rates())
    assert decoded.abs().max() < 2.0


def test_the_gain_word_is_the_patch_s_own_level():
    """A gain changes the first digits alone, as long as it stays on the grid."""
    model = make(groups=8, gain_digits=2)
    step = (1000 / 0.25) ** (1 / 63)
    one, two = model.encode(eeg_like(), rates()), model.encode(eeg_like() * step**2, rates())
    moved = (two[:, 0] - one[:, 0] == 2) & (two[:, 1:] == one[:, 1:]).all(dim=1)
    assert moved.float().mean() > 0.8


def test_log_gain_stays_within_half_a_step():
    """The patch over its rounded gain has unit size, up to half a step; beyond the grid its ends hold."""
    gain = LogGain([8, 8], 0.25, 1000.0)
    rms_uv = torch.logspace(-0.6, 2.99, 200)[:, None].expand(-1, 16)
    half_step = 0.5 * torch.log(torch.tensor(4000.0)) / 63
    assert gain(rms_uv, gain.digits(rms_uv)).log().abs().max() <= half_step * 1.001
    assert gain.digits(torch.tensor([[0.0], [1e9]])).tolist() == [[0, 0], [7, 7]]


def test_film_is_the_identity_before_training():
    """A fresh model does not know rates."""
    film = FiLM(12)
    features = torch.randn(5, 12)
    assert torch.equal(film(features, torch.tensor([[100.0], [160.0], [256.0], [500.0], [2048.0]])), features)


def test_adaptive_norm_is_layer_norm_with_an_open_gate_before_training():
    """A fresh model does not know rates."""
    features = torch.randn(5, 12)
    norm, gate = AdaptiveNorm(12, hidden=8)(features, torch.tensor([[100.0], [160.0], [256.0], [500.0], [2048.0]]))
    assert torch.equal(norm, torch.nn.functional.layer_norm(features, (12,)))
    assert torch.equal(gate, torch.ones(5, 12))


@pytest.mark.parametrize("settings", [{}, {"width": 24, "blocks": 2}], ids=["film", "adaptive norm"])
def test_every_rate_layer_learns(settings):
    """In encoder and decoder, each block's modulation gets a gradient."""
    model = make(use_conditioning=True, **settings)
    model.train()
    model(eeg_like(), rates()).square().mean().backward()
    names = [
        name for name, _ in model.named_parameters() if ".output.weight" in name and ("film" in name or "norm" in name)
    ]
    assert {name.split(".")[0] for name in names} == {"encoder", "decoder"}
    parameters = dict(model.named_parameters())
    assert all(parameters[name].grad.abs().sum() > 0 for name in names)


def test_film_tells_rates_apart_once_it_is_trained():
    """After a step, another rate is another result."""
    model = make(use_conditioning=True)
    codes = model.encode(eeg_like(), rates())
    assert not torch.equal(codes, model.encode(eeg_like(), rates() * 1.5))


def test_snake_is_its_formula():
    """It is x + sin(a x)^2 / a."""
    snake = Snake(3)
    with torch.no_grad():
        snake.frequency.copy_(torch.tensor([0.5, 1.0, 2.0]))
    x = torch.linspace(-3, 3, 21)[:, None].expand(-1, 3)
    a = torch.tensor([0.5, 1.0, 2.0])
    torch.testing.assert_close(snake(x), x + torch.sin(a * x) ** 2 / a, rtol=1e-4, atol=1e-5)


def test_an_unknown_activation_names_the_known_ones():
    """One has to know what there is."""
    with pytest.raises(ValueError, match="relu, gelu, silu, snake"):
        activation("tanhh", 4)
    assert all(isinstance(activation(name, 4), torch.nn.Module) for name in ACTIVATIONS)


def test_all_cosines_lose_nothing():
    """With as many coefficients as samples, analysis and synthesis are inverses; the kept ones are a projection."""
    x = eeg_like()
    whole = WhitenedCosines(64, 64)
    torch.testing.assert_close(whole.invert(whole(x)), x, rtol=1e-4, atol=1e-3)
    part = WhitenedCosines(64, 20)
    once = part.invert(part(x))
    torch.testing.assert_close(part.invert(part(once)), once, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        *({"groups": 0}, {"groups": 33}, {"hidden_dims": []}, {"gain_digits": 7}, {"cosines": 65}),
        *({"activation": "x"}, {"fsq": "round"}),
    ],
)
def test_settings_that_cannot_work_are_refused(settings):
    """Each with a line that says why."""
    arguments = {"patch_size": 64, "hidden_dims": [8], "levels": LEVELS, "groups": 1, **settings}
    with pytest.raises(ValueError, match=next(iter(settings)).rstrip("s")):
        mlp_autoencoder(**arguments)


def test_two_levels_need_the_symmetric_form():
    """The standard one has no positive value for them, and says what to do."""
    with pytest.raises(ValueError, match="needs fsq: symmetric"):
        mlp_autoencoder(64, [8], levels=[2] * 16, groups=1)
    model = mlp_autoencoder(64, [8], levels=[2] * 16, groups=1, fsq="symmetric")
    assert model.codebook_sizes == [65536]
