"""Codes as tokens: numbers, a bijection, words for what is no token, and what the codes mean."""

import dataclasses
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.fft import idct

import eegstream
from eegstream.codec.bundle import load
from eegstream.codec.manifest import Manifest
from eegstream.codec.meanings import meanings_of
from eegstream.errors import BundleError, ConfigError, TokensError
from eegstream.files.segments import CodedSegment
from eegstream.token_rows import GAP, PADDING, SEPARATOR, TokenRows
from eegstream.vocabularies import Vocabulary
from tests.identity_bundle import manifest
from tests.markdown import ROOT, fenced
from tests.shipped import NEWEST
from trainer.models.amplitude import LogGain
from trainer.models.fsq import MixedRadix, quantizer

CLASSIFIED = [path for path in NEWEST if not path.name.startswith(("seed", "tokens"))]


def rows_of(words, *, separator=False):
    """The writing of words that need no bundle."""
    offsets = 3 + np.concatenate([[0], np.cumsum(words[:-1])]).astype(np.int64)
    return TokenRows(np.array(words, np.int64), offsets, separator)


@st.composite
def written(draw):
    """Words, runs of some patches and channels, with or without separators."""
    words = draw(st.lists(st.integers(2, 65536), min_size=1, max_size=4))
    channels = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    runs = [rng.integers(0, words, (size, channels, len(words))).astype(np.uint16) for size in sizes]
    return rows_of(words, separator=draw(st.booleans())), runs


def same(runs, others):
    return len(runs) == len(others) and all(np.array_equal(a, b) for a, b in zip(runs, others, strict=True))


@given(written(), st.integers(0, 3))
def test_tokens_are_the_codes_and_nothing_is_lost(case, padding):
    """To tokens and back; padding behind them changes nothing."""
    rows, runs = case
    tokens = rows.write(runs)
    assert same(rows.read(tokens), runs)
    assert same(rows.read(np.pad(tokens, ((0, 0), (0, padding)))), runs)
    patches = sum(map(len, runs))
    between = patches - 1 if rows.separator else len(runs) - 1
    assert tokens.shape == (runs[0].shape[1], patches * len(rows.words) + between)
    assert (tokens == PADDING).sum() == 0
    assert (tokens == GAP).sum() == (len(runs) - 1) * len(tokens)


@given(written(), st.data())
def test_whatever_is_read_is_written_the_same(case, data):
    """One token is changed, removed or repeated: it is refused, or it is what another recording would give."""
    rows, runs = case
    tokens = rows.write(runs)
    place = data.draw(st.integers(0, tokens.shape[1] - 1))
    how = data.draw(st.sampled_from(["changed", "removed", "repeated"]))
    if how == "changed":
        last = int(rows.offsets[-1] + rows.words[-1])
        tokens[data.draw(st.integers(0, len(tokens) - 1)), place] = data.draw(st.integers(-1, last))
    elif how == "removed":
        tokens = np.delete(tokens, place, axis=1)
    else:
        tokens = np.insert(tokens, place, tokens[:, place], axis=1)
    try:
        read = rows.read(tokens)
    except TokensError as error:
        assert "token" in error.message  # noqa: PT017
        return
    assume(read)
    again = rows.write(read)
    assert np.array_equal(again, tokens[:, : again.shape[1]])
    assert (tokens[:, again.shape[1] :] == PADDING).all()


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (
            [[3, 7], [3, 4]],
            r"token 1 of channel 1 is 4 \(value 1 of code 0\), expected 7 \(value 0 of code 1\).* to 16$",
        ),
        ([[3, 17]], r"token 1 of channel 0 is 17 \(the vocabulary has 0 to 16\)"),
        ([[3, -1]], r"is -1 \(the vocabulary"),
        ([[3, 0, 8]], r"token 1 of channel 0 is 0 \(padding\)"),
        ([[3, 7, 2, 3, 7]], r"token 2 of channel 0 is 2 \(separator\), expected 3"),
        ([[1, 3, 7]], r"token 0 of channel 0 is 1 \(gap\)"),
        ([[3, 7, 1, 1, 3, 7]], r"token 3 of channel 0 is 1 \(gap\)"),
        ([[3, 1, 3, 7]], r"token 1 of channel 0 is 1 \(gap\)"),
        ([[3, 7, 1]], "end after 3, within a patch or behind a gap"),
        ([[3, 7, 3]], "end after 3"),
        ([[3, 7, 1, 3, 7], [3, 7, 3, 7, 0]], r"token 2 of channel 1 is 3 .*expected 1 \(gap\)$"),
        ([[3.0, 7.0]], "type float64"),
        ([[[3, 7]]], r"the shape \(1, 1, 2\)"),
    ],
)
def test_what_is_no_token_is_named_with_its_place(tokens, said):
    """What was seen where, and what is due there."""
    with pytest.raises(TokensError) as caught:
        rows_of([4, 10]).read(np.array(tokens))
    assert re.search(said, caught.value.message), caught.value.message


def test_codes_outside_their_words_are_not_written():
    """Nor those of another shape."""
    with pytest.raises(TokensError, match="patch 1 of channel 0 has 4 as code 0, expected 0 to 3"):
        rows_of([4, 10]).write([np.array([[[3, 9]], [[4, 0]]], np.uint16)])
    with pytest.raises(TokensError, match=r"expected \(patches, channels, 2\)"):
        rows_of([4, 10]).write([np.zeros((1, 1, 3), np.uint16)])
    with pytest.raises(TokensError, match="2 numbers of channels"):
        rows_of([4]).write([np.zeros((1, 1, 1), np.uint16), np.zeros((1, 2, 1), np.uint16)])


# With bundles


@pytest.fixture(scope="module")
def tokenizer():
    return eegstream.Tokenizer.load("fast", "cpu")


@pytest.fixture(scope="module")
def segment(tokenizer) -> CodedSegment:
    x_uv = np.random.default_rng(0).standard_normal((3, 2500)).cumsum(axis=1) * 3
    (found,) = tokenizer.encode(x_uv, rate_hz=250)
    return found


def without(segment, *lost) -> CodedSegment:
    """A segment that lost some patches."""
    kept = np.setdiff1d(np.arange(len(segment.index)), lost)
    parts = {name: getattr(segment, name)[kept] for name in ("index", "codes", "flags", "t")}
    return dataclasses.replace(segment, **parts)


@pytest.mark.parametrize("separator", [False, True])
def test_segments_of_a_recording_become_rows(segment, separator):
    """A gap between segments and where patches were lost; empty segments leave nothing."""
    words = eegstream.vocabulary("fast")
    empty = without(segment, *range(len(segment.index)))
    tokens = words.to_tokens([segment, empty, without(segment, 2, 3, 9)], separator=separator)
    runs = words.from_tokens(tokens, separator=separator)
    c = segment.codes
    assert same(runs, [c, c[:2], c[4:9], c[10:]])
    position, value = words.split(tokens)
    assert (position[:, :4] == np.arange(4)).all()
    np.testing.assert_array_equal(value[:, :4], c[0])
    assert (tokens[0] == GAP).sum() == 3
    assert (position[tokens == GAP] == -1).all()
    assert words.to_tokens(empty).shape == (3, 0)
    assert words.from_tokens(words.to_tokens(empty)) == []


def test_tokens_become_segments_that_decode(tokenizer, segment):
    """Such as a language model would continue."""
    words = tokenizer.vocabulary
    tokens = words.to_tokens([segment, without(segment, 4)])
    made = words.to_segments(tokens, segment.spec)
    assert [len(part.codes) for part in made] == [len(segment.codes), 4, len(segment.codes) - 5]
    np.testing.assert_allclose(made[0].t, segment.t, atol=1e-9)
    np.testing.assert_array_equal(
        tokenizer.decode(made[:1]).eeg_uv, tokenizer.decode([dataclasses.replace(segment, account=None)]).eeg_uv
    )
    with pytest.raises(TokensError, match="the tokens have 2 rows, spec 3 channels"):
        words.to_segments(tokens[:2], segment.spec)


def test_numbers_are_those_of_the_page():
    """0 padding, 1 gap, 2 separator, then 3 + the words before."""
    assert (PADDING, GAP, SEPARATOR) == (0, 1, 2)
    words = eegstream.vocabulary("fast")
    assert words.offsets.tolist() == [3, 19, 147, 32915]
    assert words.size == 3 + sum(words.words) == 49299
    assert repr(words) == "Vocabulary(fast@2: 49299 tokens, 4 codes of a patch)"
    with pytest.raises(TokensError, match="token 0, 1 is 49299, expected 0 to 49298"):
        words.split(np.array([[3, 49299]]))


def test_the_codes_of_another_bundle_are_refused(segment):
    """They would get the wrong numbers."""
    other = eegstream.vocabulary("lite")
    for use in (other.to_tokens, other.coefficients, lambda own: other.to_segments(np.array([[3]]), own.spec)):
        with pytest.raises(BundleError, match=r"made by fast@2 .*, this vocabulary is of lite@2"):
            use(segment)


def test_segments_of_different_channels_are_refused(segment):
    """One row would hold two channels."""
    words = eegstream.vocabulary("fast")
    renamed = segment.spec.model_copy(update={"channels": ("a", "b", "c")})
    with pytest.raises(TokensError, match="2 different lists of channels"):
        words.to_tokens([segment, dataclasses.replace(segment, spec=renamed)])
    with pytest.raises(TokensError, match="no segment"):
        words.to_tokens([])


def test_it_needs_no_torch():
    """In a process of its own, with its tables."""
    program = (
        "import sys, eegstream; words = eegstream.vocabulary('default'); words.envelopes; words.meanings; "
        "assert callable(eegstream.vocabulary); assert not {'torch', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# What codes mean


@pytest.mark.parametrize("path", CLASSIFIED, ids=lambda path: path.stem)
def test_coefficients_are_what_the_decoder_hears(path):
    """Back to samples by the inverse transform: the model's own decode."""
    bundle = load(path.stem.replace("-", "@"))
    words = Vocabulary(eegstream.vocabulary(str(path)).seen)
    rng = np.random.default_rng(1)
    codes = rng.integers(0, words.words, (64, 2, len(words.words))).astype(np.uint16)
    spec = SimpleNamespace(model=SimpleNamespace(sha256=bundle.sha256))
    found = words.coefficients(SimpleNamespace(spec=spec, codes=codes))
    n = bundle.manifest.model["coefficients"]
    assert found.shape.shape == (64, 2, n)
    assert found.shape.dtype == np.float32
    whole = np.pad(found.uv.reshape(128, n), ((0, 0), (0, bundle.manifest.patch - n)))
    with torch.inference_mode():
        decoded = bundle.module.decode(torch.from_numpy(codes.reshape(128, -1).astype(np.int32)), torch.ones(128, 1))
    np.testing.assert_allclose(idct(whole, norm="ortho", axis=1), decoded.numpy(), rtol=1e-4, atol=2e-3)
    sent = words.envelopes.sent(int(codes[0, 0, 1]))
    assert np.flatnonzero(found.shape[0, 0]).tolist() == sorted(sent[:, 0].tolist())
    assert sum(sent[:, 1]) <= sum(np.log2(words.words[2:]))
    np.testing.assert_allclose(found.gain_uv, np.array(words.meanings[0].gains_uv)[codes[..., 0]], rtol=1e-6)
    assert repr(found).startswith("Coefficients(64 patches x 2 channels")


def test_a_tokenizer_gives_coefficients_too(tokenizer, segment):
    """The same ones."""
    np.testing.assert_array_equal(
        tokenizer.coefficients(segment).uv, eegstream.vocabulary("fast").coefficients(segment).uv
    )


def test_bundles_of_other_kinds_have_no_coefficients(segment):
    """One line, and what to do instead."""
    words = eegstream.vocabulary("seed")
    with pytest.raises(ConfigError, match="seed@3 has no coefficients: its codes are fsq"):
        words.coefficients(segment)
    with pytest.raises(BundleError, match="has no envelopes"):
        _ = words.envelopes


@pytest.mark.parametrize("form", ["standard", "symmetric"])
def test_a_grid_is_what_the_decoder_of_fsq_gets(form):
    """Digits and values as the model splits them; a gain's digits are its steps."""
    levels = [4, 5, 3]
    made = manifest(patch=2) | {
        "words": [60, 60],
        "model": {"levels": levels, "groups": 2, "fsq": form, "gain_digits": 1, "gain_range_uv": [1, 8]},
    }
    first, second = meanings_of(Manifest.model_validate(made))
    digits = MixedRadix(levels).split(torch.arange(60))
    np.testing.assert_array_equal(first.digits(), digits.numpy())
    np.testing.assert_allclose(
        second.grid(), quantizer(levels, symmetric=form == "symmetric").values(digits).numpy(), atol=1e-7
    )
    assert (first.gain_digits, second.gain_digits) == (1, 0)
    np.testing.assert_allclose(first.gains_uv, [1, 2, 4, 8], rtol=1e-6)
    scaled = LogGain(levels[:1], 1, 8).expand(torch.ones(4, 1), torch.arange(4)[:, None])
    np.testing.assert_allclose(first.gains_uv, scaled[:, 0].numpy(), rtol=1e-6)
    np.testing.assert_allclose(first.grid(np.arange(4))[:, 0], [-1, -1 / 3, 1 / 3, 1], atol=1e-6)
    assert second.grid(np.array([[7]])).shape == (1, 1, 3)


def test_codes_of_a_tokens_model_are_places_on_grids():
    """The first digit of the first code is the gain; all other digits lie on symmetric grids."""
    settings = {
        "gain_levels": 32,
        "gain_range_uv": [0.25, 1000],
        "envelope_levels": [8, 4, 4],
        "detail_levels": [5, 4],
        "code_digits": [6, 4],
    }
    made = manifest(patch=2) | {"words": [4096, 20, 4096, 256], "model": settings}
    first, second, third, fourth = meanings_of(Manifest.model_validate(made))
    assert (first.kind, first.levels, first.gain_digits, len(first.gains_uv)) == ("fsq", (32, 8, 4, 4), 1, 32)
    assert (second.levels, second.gain_digits, third.levels, fourth.levels) == ((5, 4), 0, (4,) * 6, (4,) * 4)
    np.testing.assert_allclose(third.grid(np.array([0, 4095, 1]))[:, 0], [-1, 1, -1 / 3], atol=1e-6)
    other = Manifest.model_validate(made | {"words": [4096, 20, 4096, 4096]})
    assert {meaning.kind for meaning in meanings_of(other)} == {"unknown"}


def test_the_codes_of_the_shipped_tokens_bundle_are_places_on_grids():
    """As its card says: level and envelope, more of the envelope, then nine shapes; tokens are their codes."""
    words = eegstream.vocabulary("tokens")
    assert words.size == 3 + sum(words.words) == 3 + 10 * 4096 + 256
    first, second, *shapes = words.meanings
    assert (first.levels, first.gain_digits, len(first.gains_uv)) == ((32, 8, 4, 4), 1, 32)
    assert second.levels == (4, 4, 4, 4)
    assert {(shape.kind, shape.levels, shape.form) for shape in shapes} == {("fsq", (4,) * 6, "symmetric")}
    bundle = load("tokens")
    codec, rate_hz = bundle.module, torch.full((32, 1), 256.0)
    codes = torch.from_numpy(bundle.golden.codes[:32])
    louder = codes.clone()
    louder[:, 0] += torch.where(codes[:, 0] % 32 < 31, 1, -1)
    with torch.inference_mode():
        energy = [codec.decode(part, rate_hz).square().sum(1).sqrt() for part in (codes, louder)]
    steps_uv = np.array(first.gains_uv)
    ratio = steps_uv[louder[:, 0].numpy() % 32] / steps_uv[codes[:, 0].numpy() % 32]
    np.testing.assert_allclose((energy[1] / energy[0]).numpy(), ratio, rtol=1e-3)


def test_the_code_of_a_gain_shape_model_is_gain_sign_and_shape():
    """Digits and values as the model splits them."""
    settings = {"gain_levels": 4, "shape_levels": [5, 3], "gain_range_uv": [1, 8]}
    made = manifest(patch=2) | {"words": [120], "model": settings}
    (code,) = meanings_of(Manifest.model_validate(made))
    assert (code.kind, code.levels, code.gain_digits, code.form) == ("fsq", (4, 2, 5, 3), 1, "symmetric")
    np.testing.assert_allclose(code.gains_uv, [1, 2, 4, 8], rtol=1e-6)
    digits = MixedRadix([4, 2, 5, 3]).split(torch.arange(120))
    np.testing.assert_array_equal(code.digits(), digits.numpy())
    shape = quantizer([5, 3], symmetric=True).values(digits[:, 2:])
    np.testing.assert_allclose(code.grid()[:, 2:], shape.numpy(), atol=1e-7)
    assert set(code.grid()[:, 1].tolist()) == {-1.0, 1.0}
    other = Manifest.model_validate(made | {"words": [121]})
    assert [meaning.kind for meaning in meanings_of(other)] == ["unknown"]


def test_codes_of_unknown_models_have_no_meaning():
    """Sizes alone are known."""
    for model in (
        {},
        {"levels": [8, 8], "groups": 1},
        {"levels": "abc"},
        {"gain_levels": 8, "code_digits": ["a"]},
        {"levels": [0.5]},
    ):
        made = Manifest.model_validate(manifest(patch=1) | {"model": model})
        assert [meaning.kind for meaning in meanings_of(made)] == ["unknown"] * 3
    assert meanings_of(made)[0].digits().shape == (65536, 0)


def test_a_classified_manifest_that_lacks_a_setting_is_refused():
    """Named with what is missing."""
    made = Manifest.model_validate(manifest(patch=1) | {"model": {"class": "x.ClassifiedCodec"}})
    with pytest.raises(BundleError, match=r"has no model\.gain_range_uv"):
        meanings_of(made)


# The page


def test_the_page_runs_as_it_stands():
    """Both programs, one after the other, and what they say of shapes."""
    page = (ROOT / "docs/how-to/language-model.md").read_text(encoding="utf-8")
    scope: dict = {}
    for block in fenced(page, "python"):
        exec(block, scope)  # noqa: S102
    patches, channels, codes = scope["segments"][0].codes.shape
    assert scope["tokens"].shape == (channels, patches * codes)
    assert scope["decoded"].shape == (channels, patches * 256)
    assert scope["grid"].shape == (64000, 9)
    assert scope["spectra"].shape == (256, 256)
    assert scope["inputs"].shape == (patches, channels, 1 + 256 + 144)
