"""The classified codec, fitted to made-up patches: ranges, exactness, robustness, and that it is worth its tables."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.fft import dct

from eegstream.codec import torchscript
from trainer.evaluation.scoring import nrmse_of
from trainer.evaluation.transform_coding import TransformCoder
from trainer.models.classified.class_order import by_likeness, likeness_order
from trainer.models.classified.codec import ClassifiedCodec
from trainer.models.classified.fit import ClassFit, TableFitter
from trainer.models.classified.trellis import middle_cell

COMMON = {
    "patch_size": 64,
    "word_bits": [12, 11],
    "class_bits": 3,
    "gain_bits": 5,
    "coefficients": 48,
}
ONE_SEGMENT = {**COMMON, "candidates": 4, "steps": 24, "segments": 1, "lanes": 4}
TWO_SEGMENTS = {**COMMON, "candidates": 4, "steps": 12, "segments": 2, "lanes": 5}
WORDS = torch.tensor([32, 8, 4096, 2048])
RATES = torch.full((64, 1), 256.0)
LOG_STEP = math.log(1000 / 0.25) / 31


def made_up(rows, seed):
    """Random walks, oscillations of some frequencies, noise, and waves that grow and shrink; some loud, some not."""
    rng = np.random.default_rng(seed)
    place = np.arange(64)
    walk = rng.standard_normal((rows, 64)).cumsum(axis=1) * 0.25
    cycles = rng.choice([0.04, 0.08, 0.14, 0.2], (rows, 1)) + rng.uniform(-0.004, 0.004, (rows, 1))
    wave = np.sin(2 * np.pi * (cycles * place + rng.uniform(0, 1, (rows, 1)))) * 2
    kind = rng.integers(0, 4, (rows, 1))
    x = np.where(kind == 0, walk, 0.15 * walk) + np.where(kind == 1, wave, 0.15 * wave)
    x += rng.standard_normal((rows, 64)) * np.where(kind == 2, 0.6, 0.05) + np.where(kind == 3, 0.2 * walk * wave, 0)
    return (x * 10 ** rng.uniform(0, 1.5, (rows, 1))).astype(np.float32)


TRAINING, FRESH = made_up(2000, seed=0), made_up(512, seed=1)


def fitted(settings, seed=0):
    codec = ClassifiedCodec(**settings)
    TableFitter(rounds=1)(codec, TRAINING, seed, lambda _: None)
    return codec.eval()


@pytest.fixture(scope="module", params=[ONE_SEGMENT, TWO_SEGMENTS], ids=["one segment", "two segments"])
def codec(request):
    return fitted(request.param)


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


def tile(seed=2):
    return torch.from_numpy(made_up(64, seed))


def of_fresh(codec, kept=4, decode="decode"):
    """What comes back of the fresh patches if so many codes are kept."""
    x, rate_hz = torch.from_numpy(FRESH), torch.full((len(FRESH), 1), 256.0)
    codes = codec.encode(x, rate_hz)
    codes[:, kept:] = -1
    return getattr(codec, decode)(codes, rate_hz).numpy()


def decodes(codec, codes):
    return codec.decode(codes, RATES), codec.decode_spectrum(codes, RATES)


def test_shapes_and_ranges(codec):
    """Codes (B, G) int32 within their words; patches (B, N) float32 back, both ways."""
    codes = codec.encode(tile(), RATES)
    assert codes.shape == (64, 4)
    assert codes.dtype == torch.int32
    assert ((codes >= 0) & (codes < WORDS)).all()
    for decoded in decodes(codec, codes):
        assert decoded.shape == (64, 64)
        assert decoded.dtype == torch.float32
        assert decoded.isfinite().all()


def test_the_words_are_what_the_settings_say(codec):
    """5 + 3 + 12 + 11 bits."""
    assert codec.codebook_sizes == WORDS.tolist()
    assert sum(math.log2(word) for word in codec.codebook_sizes) == 31


def test_every_class_has_bits_of_its_own_for_every_symbol(codec):
    """No two symbols of a class share a bit of a word, and most classes fill all of them."""
    lost = []
    for rates, words, shifts in zip(codec.rate.tolist(), codec.word.tolist(), codec.shift.tolist(), strict=True):
        symbols = [symbol for symbol in zip(rates, words, shifts, strict=True) if symbol[0]]
        bits = [(word, shift + bit) for rate, word, shift in symbols for bit in range(rate)]
        assert len(set(bits)) == len(bits)
        assert all(shift < COMMON["word_bits"][word - 2] for word, shift in bits)
        lost.append(23 - len(bits))
    assert np.median(lost) == 0


def test_classes_take_as_many_segments_as_they_need(codec):
    """Some class needs all that there are, and patches choose it."""
    chosen = codec.encode(tile(), RATES)[:, 1].long()
    assert torch.equal(codec.size, -(-(codec.rate > 0).sum(1) // codec.steps))
    assert codec.size[chosen].max() == codec.segments


def test_forward_is_decode_of_encode(codec):
    """No side information."""
    assert torch.equal(codec(tile(), RATES), codec.decode(codec.encode(tile(), RATES), RATES))


def test_scales_and_synthesis_learn(codec):
    """Training gets a gradient for both, through fixed codes."""
    model = copy.deepcopy(codec).train()
    with torch.enable_grad():
        model(tile(), RATES).sub(tile()).square().mean().backward()
    assert {name for name, parameter in model.named_parameters() if parameter.grad.abs().sum() > 0} == {
        "scale",
        "synthesis",
    }


def test_scripted_equals_eager_to_the_bit(codec):
    """In tiles of 64 rows; the encoder and both decodes."""
    codes = codec.encode(tile(), RATES)
    decoded, spectrum = decodes(codec, codes)
    scripted = torchscript.script(codec)
    with torch.inference_mode(), torchscript.without_fusion():
        assert torch.equal(scripted.encode(tile(), RATES), codes)
        assert torch.equal(scripted.decode(codes, RATES), decoded)
        assert torch.equal(scripted.decode_spectrum(codes, RATES), spectrum)


def test_codes_depend_on_neither_company_nor_place(codec):
    """A row of a tile gives the same code wherever it stands and whatever stands beside it."""
    x = tile()
    codes = codec.encode(x, RATES)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(codec.encode(x[order], RATES), codes[order])
    for ordered, decoded in zip(decodes(codec, codes[order]), decodes(codec, codes), strict=True):
        assert torch.equal(ordered, decoded[order])
    for row in (0, 17, 63):
        alone, hostile = torch.zeros_like(x), torch.full_like(x, 1e30)
        alone[5], hostile[5] = x[row], x[row]
        assert torch.equal(codec.encode(alone, RATES)[5], codes[row])
        assert torch.equal(codec.encode(hostile, RATES)[5], codes[row])


def test_the_rate_of_the_stream_does_not_matter(codec):
    """Rates that no stream has included."""
    codes = codec.encode(tile(), RATES)
    for rate_hz in (0.0, -1.0, 1e12, float("inf"), float("nan")):
        strange = torch.full((64, 1), rate_hz)
        assert torch.equal(codec.encode(tile(), strange), codes)
        assert torch.equal(codec.decode(codes, strange), codec.decode(codes, RATES))
        assert torch.equal(codec.decode_spectrum(codes, strange), codec.decode_spectrum(codes, RATES))


@pytest.mark.parametrize(
    "value", [0.0, 1e30, -1e30, 3.4e38, 1e-42, float("inf"), float("-inf"), float("nan"), 1e-3, 1e5]
)
def test_any_input_gives_a_code_and_its_codes_a_signal(codec, value):
    """Constant, alternating and single extreme samples, and among EEG."""
    x = tile()
    x[0] = value
    x[1] = 0.0
    x[1, ::2] = value
    x[2] = 0.0
    x[2, 7] = value
    x[3, 7] = value
    codes = codec.encode(x, RATES)
    assert ((codes >= 0) & (codes < WORDS)).all()
    assert all(decoded.isfinite().all() for decoded in decodes(codec, codes))
    assert torch.equal(codec.encode(x.nan_to_num(0.0, 1e5, -1e5).clamp(-1e5, 1e5), RATES), codes)


def test_any_code_gives_a_signal(codec):
    """The decoders take every code in range, the first and the last too, with some of them missing."""
    generator = torch.Generator().manual_seed(3)
    for _ in range(20):
        codes = (torch.rand(64, 4, generator=generator) * WORDS).to(torch.int32)
        codes[0], codes[1] = 0, WORDS - 1
        for kept in range(5):
            codes[2 + kept, kept:] = -1
        codes[8:24] = torch.where(torch.rand(16, 4, generator=generator) < 0.5, -1, codes[8:24])
        assert all(decoded.isfinite().all() for decoded in decodes(codec, codes))


def test_more_codes_never_tell_less(codec):
    """NRMSE over fresh patches: 1 until a word of symbols is known, and less with each of them."""
    nrmse = [nrmse_of(FRESH, of_fresh(codec, kept)) for kept in range(5)]
    assert nrmse[:3] == [1.0, 1.0, 1.0]
    assert nrmse[2] > 1.3 * nrmse[3] > 1.5 * nrmse[4]


def test_without_a_class_nothing_is_told(codec):
    """Neither decode makes up a signal from a gain alone, or from nothing, or from words without a class or gain."""
    for missing in (slice(0, 4), slice(1, 4), slice(0, 1), slice(1, 2)):
        codes = codec.encode(tile(), RATES)
        codes[:, missing] = -1
        assert all((decoded == 0).all() for decoded in decodes(codec, codes))


def test_a_class_alone_has_its_spectrum(codec):
    """`decode` knows no sign and is silent; `decode_spectrum` has a power within a factor of two."""
    assert (of_fresh(codec, 2) == 0).all()
    noise = of_fresh(codec, 2, "decode_spectrum")
    share = (noise**2).sum(axis=1) / (FRESH**2).sum(axis=1)
    assert 0.5 < share.mean() < 2


def test_without_fill_the_decodes_agree(codec):
    """Noise is all that tells them apart."""
    quiet = copy.deepcopy(codec)
    quiet.fill = 0.0
    decoded, spectrum = decodes(quiet, quiet.encode(tile(), RATES))
    assert torch.equal(decoded, spectrum)
    assert not torch.equal(decoded, codec.decode_spectrum(codec.encode(tile(), RATES), RATES))


def cosines(x):
    return torch.from_numpy(dct(x.numpy(), norm="ortho", axis=1))


def powers(x):
    """Power of patches over their level, in the lower and upper half of what may be coded and in what is never."""
    z = dct(x, norm="ortho", axis=1) / np.sqrt((FRESH**2).mean(axis=1, keepdims=True))
    return np.array([(z[:, band] ** 2).sum(axis=1).mean() for band in (slice(24), slice(24, 48), slice(48, None))])


def test_the_spectrum_is_kept(codec):
    """In every band the power is nearer to the original's, also where nothing is ever coded."""
    original, least, spectrum = powers(FRESH), powers(of_fresh(codec)), powers(of_fresh(codec, 4, "decode_spectrum"))
    assert (np.abs(np.log(spectrum / original)) < 0.2).all()
    assert (np.abs(spectrum - original) < np.abs(least - original)).all()
    assert least[2] < 1e-6 * original[2]


@pytest.mark.parametrize("kept", [2, 3, 4])
def test_the_noise_is_what_the_codes_do_not_tell(kept):
    """A coefficient's own spread where no known symbol tells of it, else the share that its rate leaves."""
    codec = ClassifiedCodec(**ONE_SEGMENT)
    tables = ClassFit(codec, TRAINING, 1, 0, lambda _: None).tables()
    codec.set_tables(tables)
    codes = codec.encode(tile(), RATES)
    codes[:, kept:] = -1
    decoded, spectrum = decodes(codec, codes)
    chosen = codes[:, 1].numpy()
    expected = tables.spread[chosen] * (0.25 * np.exp(LOG_STEP * codes[:, :1].numpy()))
    for row, k in enumerate(chosen):
        known = (tables.rate[k] > 0) & (tables.word[k] < kept)
        expected[row, tables.coefficient[k, known]] *= tables.lost[tables.rate[k, known]]
    assert cosines(spectrum - decoded).abs().numpy() == pytest.approx(expected, rel=2e-3, abs=1e-3)
    assert (np.diff(tables.lost) < 0).all()


def test_the_noise_is_hashed_from_the_codes(codec):
    """The same codes give the same noise; a single other bit, wherever it is, turns half of the signs."""
    codes = codec.encode(tile(), RATES)
    spectrum = codec.decode_spectrum(codes, RATES)
    assert torch.equal(codec.decode_spectrum(codes.clone(), RATES), spectrum)
    sign = np.sign(dct(spectrum.numpy(), norm="ortho", axis=1)[:, 48:])
    for place in range(4):
        other = codes.clone()
        other[:, place] ^= 1
        turned = np.sign(dct(codec.decode_spectrum(other, RATES).numpy(), norm="ortho", axis=1)[:, 48:]) != sign
        assert 0.4 < turned.mean() < 0.6
    neighbours = sign[1:] != sign[:-1]
    assert 0.4 < neighbours.mean() < 0.6


def test_a_flat_patch_decodes_to_about_nothing(codec):
    """The lowest gain bounds it."""
    for decoded in decodes(codec, codec.encode(torch.zeros(64, 64), RATES)):
        assert decoded.abs().max() < 2.0


def test_a_gain_step_is_a_step_of_the_gain_code(codec):
    """And mostly changes nothing else, as long as it stays on the grid."""
    one, two = codec.encode(tile(), RATES), codec.encode(tile() * math.exp(LOG_STEP), RATES)
    moved = (two[:, 0] - one[:, 0] == 1) & (two[:, 1:] == one[:, 1:]).all(dim=1)
    assert moved.float().mean() > 0.8


def test_the_codec_beats_transform_coding(codec):
    """At the same 31 bits, on fresh patches of the same source, by more than a tenth of its error."""
    coder = TransformCoder.fit(TRAINING, 31, has_gain=True)
    assert nrmse_of(FRESH, of_fresh(codec)) < 0.9 * nrmse_of(FRESH, coder(FRESH))


def test_symbols_are_the_best_that_class_and_gain_allow(codec):
    """A search along the class's own trellises, one by one, finds nothing better."""
    x = tile()
    codes = codec.encode(x, RATES).long()
    gain_uv, chosen = 0.25 * torch.exp(LOG_STEP * codes[:, :1]), codes[:, 1]
    z, sent = cosines(x) / gain_uv, cosines(codec.decode(codes, RATES)) / gain_uv
    place, scale = codec._of_class(codec.coefficient, chosen).long(), codec._of_class(codec.scale, chosen)
    rate, weight = codec.rate[chosen].long(), scale.square() * (codec.rate[chosen] > 0)

    def lanes(of_place):
        return of_place.view(-1, codec.steps).t().contiguous()

    u = lanes(z.gather(1, place) / scale)
    cell = codec.trellis.cell(u, torch.from_numpy(middle_cell(lanes(rate).numpy())).to(torch.int32))
    least, _, _ = codec.trellis.walk(codec.trellis.errors(u, cell, lanes(weight)))
    error = (sent - z).square().sum(1) - z.square().sum(1)
    torch.testing.assert_close(error, least.view(64, -1).sum(1), rtol=1e-4, atol=1e-3)


def test_trying_more_classes_never_leaves_more_error():
    """With the same tables, no patch is worse off if all classes are tried at all gains instead of one."""
    tables = ClassFit(ClassifiedCodec(**ONE_SEGMENT), TRAINING, 1, 0, lambda _: None).tables()
    x, errors = tile(), []
    for candidates in (1, 4, 24):
        codec = ClassifiedCodec(**{**ONE_SEGMENT, "candidates": candidates, "lanes": candidates})
        codec.set_tables(tables)
        errors.append((codec(x, RATES) - x).square().sum(1) / x.square().sum(1))
    assert (errors[1] < errors[0] + 1e-5).all()
    assert (errors[2] < errors[1] + 1e-5).all()
    assert errors[2].mean() < errors[0].mean()


def test_the_fit_is_repeatable(codec):
    """The same patches and seed give equal tables; another seed gives others."""
    settings = ONE_SEGMENT if codec.segments == 1 else TWO_SEGMENTS
    tables, again, other = codec.state_dict(), fitted(settings).state_dict(), fitted(settings, seed=1).state_dict()
    assert all(torch.equal(again[name], own) for name, own in tables.items())
    assert not torch.equal(other["spread"], tables["spread"])


def test_the_fit_leaves_random_numbers_alone():
    """What is fitted before training does not change the training's own draws."""
    torch.manual_seed(4)
    np.random.seed(4)  # noqa: NPY002  (the global state is the point)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fitted(ONE_SEGMENT)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("word_bits", value) for value in ([], [17], [8, 17], [0])),
        *(("gain_bits", value) for value in (1, 17)),
        *(("class_bits", value) for value in (0, 17)),
        *(("coefficients", value) for value in (0, 65)),
        *(("lanes", value) for value in (0, 65)),
        *(("candidates", value) for value in (0, 25)),
        ("states", 8),
        ("class_bits", 1),
        ("the smallest of word_bits", [12, 0]),
        ("the sum of word_bits", [16] * 12),
        ("steps", 0),
        ("segments", 0),
        ("gain_range_uv", (0.0, 1000.0)),
        ("gain_range_uv", (1000.0, 0.25)),
    ],
)
def test_settings_that_cannot_work_are_refused(setting, value):
    """Each with a line that names it."""
    with pytest.raises(ValueError, match=rf"{setting} is .*, expected"):
        ClassifiedCodec(**{**ONE_SEGMENT, setting.rpartition(" ")[2]: value})


def test_encode_is_called_as_any_model_s(codec):
    """Gradients may be on: codes are numbers, there is nothing to derive."""
    x, rate_hz = tile(), torch.full((64, 1), 256.0)
    expected = codec.encode(x, rate_hz)
    with torch.enable_grad():
        assert torch.equal(codec.encode(x, rate_hz), expected)
        assert torch.equal(torchscript.script(codec).encode(x, rate_hz), expected)


def test_a_patch_has_lanes_for_its_largest_class():
    """Each of its segments takes one."""
    with pytest.raises(ValueError, match="lanes is 1, expected 2 to 64"):
        ClassifiedCodec(**{**TWO_SEGMENTS, "lanes": 1})


def test_envelopes_in_order_are_the_same_ones():
    """Renumbered so that neighbours are alike; with the new numbers, codes decode to the same."""
    codec = ClassifiedCodec(**TWO_SEGMENTS)
    tables = ClassFit(codec, TRAINING, 0, 0, lambda _: None).tables()
    codec.set_tables(tables)
    ordered = copy.deepcopy(codec)
    ordered.set_tables(by_likeness(tables))
    codes = codec.encode(tile(), RATES)
    renamed = codes.clone()
    renamed[:, 1] = torch.from_numpy(np.argsort(likeness_order(tables.spread)))[codes[:, 1].long()]
    assert not torch.equal(codes, renamed)
    torch.testing.assert_close(ordered.decode(renamed, RATES), codec.decode(codes, RATES))
    x, y = tile(), ordered.decode(ordered.encode(tile(), RATES), RATES)
    assert nrmse_of(x.numpy(), y.numpy()) == pytest.approx(
        nrmse_of(x.numpy(), codec.decode(codes, RATES).numpy()), rel=0.05
    )

    def unlikeness(spread):
        return float((np.diff(np.log(spread + 1e-3), axis=0) ** 2).sum())

    assert unlikeness(by_likeness(tables).spread) < unlikeness(tables.spread)
