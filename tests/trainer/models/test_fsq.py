"""FSQ is the library's, to the bit."""

import warnings

import pytest
import torch

from trainer.models.fsq import FSQ, MixedRadix, SymmetricFSQ

LEVELS = [
    [8, 8, 8, 5, 5, 5],
    [3],
    [4],
    [5],
    [8],
    [16],
    [3, 3, 3],
    [4, 4, 4, 4],
    [7, 5, 5, 5, 5],
    [8, 6, 5],
    [8, 5, 5, 5],
    [16, 16, 16, 16],
    [32, 32, 64],
    [255, 256],
    [1000, 64],
]


FORMS = [
    *((FSQ, levels) for levels in LEVELS),
    *((SymmetricFSQ, levels) for levels in [*LEVELS, [2], [2] * 16, [2, 3, 5, 7], [2, 1000, 8]]),
]


def library_fsq(form, levels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vector_quantize_pytorch  # noqa: PLC0415  (it warns when it is imported)

        return vector_quantize_pytorch.FSQ(levels, preserve_symmetry=form is SymmetricFSQ)


@pytest.mark.parametrize(("form", "levels"), FORMS, ids=str)
def test_codes_and_indices_equal_the_library_to_the_bit(form, levels):
    """Over many levels and latents, saturated and on the borders too."""
    generator = torch.Generator().manual_seed(0)
    z = torch.cat(
        [
            torch.randn(50_000, len(levels), generator=generator) * 2,
            torch.linspace(-5, 5, 20_001)[:, None].expand(-1, len(levels)),
            torch.full((1, len(levels)), 40.0),
            torch.full((1, len(levels)), -40.0),
            torch.zeros(1, len(levels)),
        ]
    )
    expected_values, expected_index = library_fsq(form, levels)(z[None])
    quantizer, radix = form(levels), MixedRadix(levels)
    values = quantizer(z)
    digits = quantizer.digits(values)
    assert torch.equal(values, expected_values[0])
    assert torch.equal(radix(digits), expected_index[0].to(torch.int32))
    assert (digits >= 0).all()
    assert (digits < torch.tensor(levels)).all()


@pytest.mark.parametrize(("form", "levels"), FORMS, ids=str)
def test_every_number_comes_back(form, levels):
    """Number to digits to values to digits to number, over the whole codebook; values as the library's."""
    quantizer, radix = form(levels), MixedRadix(levels)
    numbers = torch.arange(radix.size, dtype=torch.int32)
    digits = radix.split(numbers)
    values = quantizer.values(digits)
    assert torch.equal(radix(quantizer.digits(values)), numbers)
    assert torch.equal(values, library_fsq(form, levels).indices_to_codes(numbers))


def test_the_gradient_passes_straight_through():
    """Rounding is invisible to the gradient: it is that of the bounded latent over the half width."""
    z = torch.linspace(-2, 2, 41, dtype=torch.float32)[:, None].requires_grad_()
    FSQ([5])(z).sum().backward()
    half = (5 - 1) * 1.001 / 2
    expected = (1 - torch.tanh(z.detach()) ** 2) * half / 2
    assert z.grad is not None
    torch.testing.assert_close(z.grad, expected)


def test_the_gradient_of_the_symmetric_form_passes_too():
    """It is that of tanh."""
    z = torch.linspace(-2, 2, 41, dtype=torch.float32)[:, None].requires_grad_()
    SymmetricFSQ([2])(z).sum().backward()
    assert z.grad is not None
    torch.testing.assert_close(z.grad, 1 - torch.tanh(z.detach()) ** 2)


@pytest.mark.parametrize(("form", "middle"), [(FSQ, 4), (SymmetricFSQ, 3)])
def test_digits_stay_in_range_whatever_comes(form, middle):
    """Infinite and undefined latents still give a code."""
    quantizer = form([8, 5])
    z = torch.tensor([[float("inf"), float("-inf")], [float("nan"), 0.0], [3e38, -3e38]])
    digits = quantizer.digits(quantizer(z))
    assert digits.tolist() == [[7, 0], [middle, 2], [7, 0]]


@pytest.mark.parametrize(
    ("form", "levels"),
    [*((FSQ, x) for x in ([], [2], [8, 1], [1001])), *((SymmetricFSQ, x) for x in ([], [1], [1001]))],
)
def test_levels_that_cannot_work_are_refused(form, levels):
    """Two levels have no positive value in the standard form; beyond a thousand, rounding leaves the range."""
    with pytest.raises(ValueError, match="levels"):
        form(levels)


def test_a_code_beyond_16_bits_is_refused():
    """Codes travel as 16-bit words."""
    assert MixedRadix([256, 256]).size == 65536
    with pytest.raises(ValueError, match="65536"):
        MixedRadix([256, 257])
