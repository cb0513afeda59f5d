"""The border filter: samples at the border of two consecutive patches, given both.

Patches are coded apart, so their errors at a border differ, and the signal jumps there. But each patch says what
spectrum the signal has, and thus how its samples across the border belong together. With S² the expected variances of
the coefficients of both patches (the larger one of each pair), the covariance at a distance of m samples is

    r(m) = 1/N sum over i of S_i² cos(pi i m / N)

J is the matrix of it over W samples on either side, J0 the same without what crosses the border, V the covariance of
the decoder's errors, and y the decoded samples. A decoder of single patches assumes J0. Under J instead, the
best estimate is x with

    (1/V) (y - x) = K x,    K = 1/J - 1/J0,    so    x = (1 + V K)^-1 y

(Gaussian posteriors multiplied and divided: Rasmussen, Williams: Gaussian Processes for Machine Learning, 2006, A.7.)
The other samples of both patches follow by V. The errors' variances are taken as at most S² / 2. Then V is
at most J0, as the coefficients' covariance S² is at most 2 J0, so that 1/V + K is positive and the system always has
a bounded solution.

P patches, C channels, N samples in a patch, B borders.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.estimates import Estimates, Floats, coefficients

_REACH = 8
"""W; more samples change nothing."""
_ROUGH = 3e-3
"""Share of the variance that is white: what no spectrum foresees."""
_SMALLEST_UV2 = 1e-12


def join(estimates: Estimates, follows: NDArray[np.bool_]) -> Estimates:
    """Smooth the borders; `follows` (P,) is true for a patch that begins where the one before it ends."""
    borders = np.flatnonzero(follows[1:])
    correction = np.zeros_like(estimates.samples_uv)
    if len(borders):
        ending, beginning = _corrections(estimates, borders)
        correction[borders] += ending
        correction[borders + 1] += beginning
    return estimates.corrected(correction)


def _corrections(estimates: Estimates, borders: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Corrections (B, C, N) of the coefficients of the patches before and behind each border."""
    size = estimates.samples_uv.shape[2]
    reach = min(_REACH, size)
    variance = np.maximum(estimates.expected_uv[borders], estimates.expected_uv[borders + 1]) ** 2
    # Rows of coefficients of single samples: the last ones of a patch, and the first ones.
    basis = coefficients(np.eye(size)[[*range(size - reach, size), *range(reach)]])
    last, first = basis[:reach], basis[reach:]
    before = np.minimum(estimates.left_uv[borders] ** 2, variance / 2)
    behind = np.minimum(estimates.left_uv[borders + 1] ** 2, variance / 2)
    error = np.zeros((*variance.shape[:2], 2 * reach, 2 * reach))
    error[..., :reach, :reach] = (before[..., None, :] * last) @ last.T
    error[..., reach:, reach:] = (behind[..., None, :] * first) @ first.T
    near = [estimates.samples_uv[borders, :, size - reach :], estimates.samples_uv[borders + 1, :, :reach]]
    pull = _across(variance, reach)
    smooth = np.linalg.solve(np.eye(2 * reach) + error @ pull, np.concatenate(near, axis=-1)[..., None])
    force = (pull @ smooth)[..., 0]
    return -before * (force[..., :reach] @ last), -behind * (force[..., reach:] @ first)


def _across(variance: Floats, reach: int) -> Floats:
    """K (B, C, 2 W, 2 W) of the coefficients' variances (B, C, N)."""
    size = variance.shape[2]
    place = np.arange(2 * reach)
    covariance = variance @ np.cos(np.pi * np.outer(np.arange(size), place) / size) / size
    covariance[..., 0] = covariance[..., 0] * (1 + _ROUGH) + _SMALLEST_UV2
    joint = covariance[..., np.abs(place[:, None] - place)]
    inverse: Floats = np.linalg.inv(joint)
    apart = np.linalg.inv(joint[..., :reach, :reach])
    inverse[..., :reach, :reach] -= apart
    inverse[..., reach:, reach:] -= apart
    return inverse
