"""The joint decode: a Wiener filter across the channels of a montage, from codes alone.

Channels of a montage share their sources, so what the codes of one channel leave open, others may know. With t a
channel's coefficient over its expected size, l the share of that size that its error has, and R the correlations of the
channels in a frequency band:

    t ~ N(0, R),    decoded t' as seen through noise of the precision q = 1/l² - 1:    t' (q + 1) = q (t + noise)
    estimate of t:  R Q^1/2 A^-1 Q^-1/2 (q + 1) t',    A = 1 + Q^1/2 R Q^1/2

(Kay: Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, 12.5; a decoder with least error turned
into a noisy channel: Berger: Rate Distortion Theory, 1971, 4.3.) A is symmetric with no eigenvalue below 1, so it can
always be solved. A channel alone, R = 1, stays as it is.

R comes from the decoded coefficients of the whole segment: correlations of those that both channels have,
shrunk towards those of the band below; then EM steps (Dempster, Laird, Rubin, 1977).

P patches, C channels, N samples in a patch, M cases (a coefficient of a patch, in all channels), U distinct channels.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.estimates import Estimates, Floats

_BANDS_HZ = (2.0, 4.0, 8.0, 12.0, 20.0, 30.0, 45.0)
_WEIGHT = 60.0
"""Cases that the band below counts as."""
_SILENT_UV = 0.5
"""Decoded patches with a smaller standard deviation carry no EEG."""
_UNKNOWN = 0.9999
"""Errors of at least this share of the expected size say that nothing is known."""
_SMALLEST_SHARE = 1e-3
_SMALLEST_UV = 1e-6
_SMALLEST_EIGENVALUE = 0.02
_ROUNDS = 2
_MOST_CASES, _EM_FLOPS = 2000, 3e9
"""Bounds of the work of an EM step in a band."""
_CHUNK_NUMBERS = 1 << 22
"""Matrix elements that are solved at a time."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Montage:
    """The covariances of the channels' coefficients over their expected size, by band."""

    edges: tuple[int, ...]
    """First coefficient of each band, and N."""
    covariances: Floats
    """(bands, U, U)"""
    kept: NDArray[np.intp]
    """(U,), one of each group of channels with the same codes."""
    of: NDArray[np.intp]
    """(C,), each channel's group."""

    @classmethod
    def estimate(cls, estimates: Estimates, usable: Bools, groups: NDArray[np.integer], rate_hz: float) -> "Montage":
        """The montage of patches; `usable` (P, C) ones count, channels of the same number in `groups` (C,) are one."""
        _, kept, of = np.unique(groups, return_index=True, return_inverse=True)
        precision, pull = _evidence(estimates, usable)
        size = precision.shape[2]
        inner = {round(edge * 2 * size / rate_hz) for edge in _BANDS_HZ}
        edges = tuple(sorted({0, size} | {edge for edge in inner if 0 < edge < size}))
        covariances = np.empty((len(edges) - 1, len(kept), len(kept)))
        below = np.eye(len(kept))
        for band, (start, stop) in enumerate(pairwise(edges)):
            known, pulled = (_cases(values[:, kept, start:stop]) for values in (precision, pull))
            covariances[band] = _refined(_correlations(known, pulled, below), known, pulled, below)
            below = _unit(covariances[band])
        return cls(edges, covariances, kept, of)

    def apply(self, estimates: Estimates, usable: Bools) -> Estimates:
        """The patches (P, C, N) as all channels together say; those that are not usable neither give nor take."""
        if len(self.kept) < 2:
            return estimates
        precision, pull = _evidence(estimates, usable)
        found = np.zeros((len(precision), len(self.kept), precision.shape[2]))
        for band, (start, stop) in enumerate(pairwise(self.edges)):
            cases = [_cases(values[:, self.kept, start:stop]) for values in (precision, pull)]
            mean = _means(self.covariances[band], *cases)
            found[:, :, start:stop] = mean.reshape(len(precision), stop - start, -1).transpose(0, 2, 1)
        correction = found[:, self.of] * estimates.expected_uv - estimates.coefficients_uv
        return estimates.corrected(np.where(usable[..., None] & (estimates.left_uv > 0), correction, 0.0))


def carries_eeg(estimates: Estimates) -> Bools:
    """(P, C): the decoded patches that are not silent."""
    return np.asarray(estimates.samples_uv.std(axis=-1) >= _SILENT_UV, np.bool_)


def _evidence(estimates: Estimates, usable: Bools) -> tuple[Floats, Floats]:
    """Precision q and q (t + noise) of every coefficient (P, C, N); both are 0 where nothing is known."""
    size = np.maximum(estimates.expected_uv, _SMALLEST_UV)
    share = np.clip(estimates.left_uv / size, _SMALLEST_SHARE, 1.0)
    known = usable[..., None] & (share < _UNKNOWN)
    precision = np.where(known, 1 / share**2 - 1, 0.0)
    return precision, np.where(known, estimates.coefficients_uv / size * (precision + 1), 0.0)


def _cases(values: Floats) -> Floats:
    """Values (P, U, n) as (M, U)."""
    return np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(-1, values.shape[1])


def _correlations(precision: Floats, pull: Floats, below: Floats) -> Floats:
    """Correlations (U, U) of cases (M, U), positive definite."""
    t, known = pull / (precision + 1), (precision > 0).astype(np.float64)
    size = (t**2).T @ known
    counts = known.T @ known
    found = (t.T @ t) / np.sqrt(np.maximum(size * size.T, 1e-18))
    found = (found * counts + below * _WEIGHT) / (counts + _WEIGHT)
    values, vectors = np.linalg.eigh((found + found.T) / 2)
    return _unit((vectors * np.maximum(values, _SMALLEST_EIGENVALUE)) @ vectors.T)


def _refined(start: Floats, precision: Floats, pull: Floats, below: Floats) -> Floats:
    """The covariance (U, U) after EM steps on a bounded number of cases (M, U); `start` if these are too few."""
    channels = len(start)
    cases = np.flatnonzero((precision > 0).any(axis=1))
    most = min(_MOST_CASES, int(_EM_FLOPS / channels**3))
    if min(most, len(cases)) < 8 * channels or channels < 2:
        return start
    taken = cases[np.linspace(0, len(cases) - 1, min(most, len(cases))).astype(np.intp)]
    covariance = start
    for _ in range(_ROUNDS):
        total = _WEIGHT * below
        for part in _parts(taken, channels):
            total = total + _second_moment(covariance, precision[part], pull[part])
        covariance = total / (len(taken) + _WEIGHT)
        covariance = (covariance + covariance.T) / 2
    return covariance


def _second_moment(covariance: Floats, precision: Floats, pull: Floats) -> Floats:
    """Sum (U, U) over cases (M, U) of what is expected of t t'."""
    root = np.sqrt(precision)
    weighted = root[:, :, None] * covariance
    solved = np.linalg.solve(_matrix(covariance, root), np.concatenate([_scaled(pull, root), weighted], axis=2))
    mean = (root * solved[:, :, 0]) @ covariance
    channels = len(covariance)
    explained = weighted.reshape(-1, channels).T @ solved[:, :, 1:].reshape(-1, channels)
    moment: Floats = mean.T @ mean + len(precision) * covariance - explained
    return moment


def _means(covariance: Floats, precision: Floats, pull: Floats) -> Floats:
    """What is expected of t (M, U)."""
    mean = np.zeros_like(pull)
    for part in _parts(np.flatnonzero((precision > 0).any(axis=1)), len(covariance)):
        root = np.sqrt(precision[part])
        solved = np.linalg.solve(_matrix(covariance, root), _scaled(pull[part], root))[:, :, 0]
        mean[part] = (root * solved) @ covariance
    return mean


def _parts(cases: NDArray[np.intp], channels: int) -> list[NDArray[np.intp]]:
    size = max(1, _CHUNK_NUMBERS // channels**2)
    return [cases[start : start + size] for start in range(0, len(cases), size)]


def _matrix(covariance: Floats, root: Floats) -> Floats:
    """The matrices A (M, U, U)."""
    found: Floats = root[:, :, None] * covariance * root[:, None, :]
    diagonal = np.arange(len(covariance))
    found[:, diagonal, diagonal] += 1
    return found


def _scaled(pull: Floats, root: Floats) -> Floats:
    """Q^-1/2 of the pull, (M, U, 1); 0 where nothing is known."""
    found: Floats = np.divide(pull, root, out=np.zeros_like(pull), where=root > 0)[:, :, None]
    return found


def _unit(covariance: Floats) -> Floats:
    size = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    found: Floats = covariance / size[:, None] / size
    return found
