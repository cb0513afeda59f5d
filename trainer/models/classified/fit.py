"""Fit the tables of a classified codec to training patches.

Classes begin as clusters of log spectra. Then two steps alternate: each class gets the variances of its patches, and
bits by water-filling; each patch is assigned to the class that codes it with the least error. The first rounds use a
model of the quantiser's error, the last ones the codec itself; these also fit the levels of the quantiser.

M patches, N samples in a patch, n coefficients that may be coded, K classes, P places of a class, R bits.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor, nn

from eegstream.errors import ConfigError
from trainer.models.classified.bit_packing import pack
from trainer.models.classified.class_order import by_likeness
from trainer.models.classified.codec import ClassifiedCodec
from trainer.models.classified.error_model import ErrorModel, gaussian_levels, share_bits
from trainer.models.classified.spectra import PRIORS, geometric_mean, regression_features
from trainer.models.classified.tables import ClassTables
from trainer.models.classified.trellis import HIGHEST_RATE, PER_SUBSET, SUBSETS, dealt, union_of

Floats = NDArray[np.float64]

_PRIOR = 4.0
"""Weight, in patches, of the mean spectrum in the variances of each class."""
_LEVEL_PRIOR = 30
_FEW = 2000
"""With fewer symbols of a rate, its levels are not changed."""
_MODEL_ROUNDS, _ROWS = 2, 512
_REGRESSION_PATCHES = 30_000
_NEAR, _FAR_WEIGHT, _NEAR_MOST = 1.5, 0.01, 6000
"""The regression of a class is fitted to patches whose error in it is at most _NEAR times their least error, _NEAR_MOST
at most; all other patches have the weight _FAR_WEIGHT."""


@dataclass(frozen=True)
class TableFitter:
    """Fits the tables of a `ClassifiedCodec`; `model.fitter` of its recipe.

    Raises:
        ValueError: a number out of range.
    """

    patches: int = 60_000
    """Number of training patches to fit to."""
    rounds: int = 2
    """Rounds in which levels and classes are fitted to the choices of the codec itself."""
    in_order: bool = False
    """Number envelopes so that neighbours are alike."""
    prior: str = "mean"
    """Towards which spectrum classes of few patches tend: one of `PRIORS`."""

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise ValueError(f"fit_prior is {self.prior}, expected {' or '.join(PRIORS)}")
        if self.patches < 1 or self.rounds < 0:
            raise ValueError(f"fit_patches is {self.patches} and fit_rounds is {self.rounds}, expected 1 and 0 or more")

    def __call__(
        self, network: nn.Module, patches_uv: NDArray[np.float32], seed: int, report: Callable[[str], None]
    ) -> None:
        """Fit all tables to training patches (M, N)."""
        if not isinstance(network, ClassifiedCodec):
            got = type(network).__name__
            raise ConfigError(f"TableFitter got a {got}, expected a ClassifiedCodec", "Give model=classified")
        tables = ClassFit(network, patches_uv, self.rounds, seed, report, self.prior).tables()
        network.set_tables(by_likeness(tables) if self.in_order else tables)


class ClassFit:
    """The fit of one codec; `tables()` is its result.

    `report` takes lines on the progress.
    """

    def __init__(
        self,
        codec: ClassifiedCodec,
        patches_uv: NDArray[np.float32],
        rounds: int,
        seed: int,
        report: Callable[[str], None],
        prior: str = "mean",
    ) -> None:
        self._prior = prior
        self._codec = copy.deepcopy(codec)
        self._report = report
        self._rng = np.random.default_rng(seed)
        self._levels = gaussian_levels()
        with torch.no_grad():
            gain, self._z = self._codec.analyse(torch.from_numpy(patches_uv))
            whole = torch.from_numpy(patches_uv) @ self._codec.synthesis.detach().t()
            self._power = (whole / self._codec.gains_uv[gain].unsqueeze(1)).double().square()
        """Squared coefficients over the gain (M, N), also of those that are never coded."""
        self._model = ErrorModel(self._levels, codec.trellis.states)
        self._fit(rounds, seed)

    def _fit(self, rounds: int, seed: int) -> None:
        self._report(f"clustering {len(self._z)} patches into {self._codec.n_classes} classes")
        chosen = self._clusters(seed)
        for _ in range(_MODEL_ROUNDS):
            self._take_statistics(chosen)
            chosen = self._least_expected()
        self._take_statistics(chosen)
        for number in range(rounds):
            self._report(f"fitting classes and levels to the codec's choices, round {number + 1} of {rounds}")
            trial = self._trial()
            chosen, subset, level = self._through(trial)
            self._refit_levels(trial, chosen, subset, level)
            self._take_statistics(chosen)

    def _clusters(self, seed: int) -> NDArray[np.int64]:
        """First classes (M,): clusters of log energies in bands, wider at higher frequencies, weighted by width."""
        n, size = self._z.shape[1], self._codec.patch_size
        edges = sorted({round(place * size / 256) for place in (*range(0, 32, 2), *range(32, 256, 8))})
        edges = [*(edge for edge in edges if edge < n), n]
        square = self._z.square().numpy()
        features = np.stack(
            [np.log(square[:, a:b].mean(axis=1) + 0.1) * math.sqrt(b - a) for a, b in pairwise(edges)],
            axis=1,
        )
        clusters = KMeans(self._codec.n_classes, init="random", n_init=1, max_iter=12, tol=0, random_state=seed)
        return np.asarray(clusters.fit_predict(features), np.int64)

    def _take_statistics(self, chosen: NDArray[np.int64]) -> None:
        """Compute variances and rates of the classes (M,) of all patches."""
        codec = self._codec
        count = np.bincount(chosen, minlength=codec.n_classes)[:, None]
        sums = torch.zeros(codec.n_classes, codec.patch_size, dtype=torch.float64)
        sums.index_add_(0, torch.from_numpy(chosen), self._power)
        common = self._power.mean(0).numpy() if self._prior == "mean" else geometric_mean(sums.numpy(), count)
        self._variance = (sums.numpy() + _PRIOR * common) / (count + _PRIOR)
        coded = self._variance[:, : self._z.shape[1]]
        self._rate = share_bits(coded, sum(codec.word_bits), self._model.lost)
        for k in np.flatnonzero((self._rate > 0).sum(axis=1) > codec.places):
            weak = np.argsort(-coded[k], kind="stable")[codec.places :]
            within = coded[k].copy()
            within[weak] = 0.0
            self._rate[k] = share_bits(within[None], sum(codec.word_bits), self._model.lost)[0]

    def _expected(self, z: Tensor) -> Tensor:
        """Modelled error (m, K) of coefficients (m, n) in every class."""
        coded = self._variance[:, : self._z.shape[1]]
        floor = torch.from_numpy((coded * self._model.floor[self._rate]).sum(axis=1)).float()
        knee = torch.from_numpy(np.sqrt(coded) * self._model.knee[self._rate]).float()
        size = z.abs()
        beyond = [(size - knee[k]).clamp_min_(0).square_().sum(1) for k in range(len(knee))]
        return torch.stack(beyond, dim=1) + floor

    def _least_expected(self) -> NDArray[np.int64]:
        return np.concatenate([self._expected(z).argmin(1).numpy() for z in torch.split(self._z, 2048)])

    def _trial(self) -> ClassifiedCodec:
        """The codec with the present tables, which tries four classes at the patch's own gain."""
        trial = copy.deepcopy(self._codec)
        trial.candidates, trial.lanes = 4, 4 * trial.segments
        trial.lane_numbers, trial.offsets = torch.arange(trial.lanes), torch.zeros(1)
        trial.set_tables(self.tables())
        return trial

    def _through(self, trial: ClassifiedCodec) -> tuple[NDArray[np.int64], Tensor, Tensor]:
        """Classes (M,), and subsets and level numbers (M, P), that a codec chooses."""
        with torch.inference_mode():
            parts = [trial.search(z) for z in torch.split(self._z, _ROWS)]
        chosen, _, _, subset, level = (torch.cat(part) for part in zip(*parts, strict=True))
        return chosen.numpy(), subset, level

    def _refit_levels(self, trial: ClassifiedCodec, chosen: NDArray[np.int64], subset: Tensor, level: Tensor) -> None:
        """Set each level to the mean of the coefficients quantised to it; the codebook of a rate stays symmetric."""
        with torch.inference_mode():
            classes = torch.from_numpy(chosen)
            place = trial._of_class(trial.coefficient, classes).long()  # noqa: SLF001  (the codec's own layout)
            u = self._z.gather(1, place) / trial._of_class(trial.scale, classes)  # noqa: SLF001
            rate = trial.rate[classes]
        number = subset * PER_SUBSET + level
        books = []
        for bits in range(1, HIGHEST_RATE + 1):
            book = union_of(self._levels, bits)
            inside = rate == bits
            if int(inside.sum()) >= _FEW:
                own = number[inside].numpy()
                count = np.bincount(own, minlength=SUBSETS * PER_SUBSET)
                sums = np.bincount(own, weights=u[inside].numpy(), minlength=SUBSETS * PER_SUBSET)
                before = self._levels[:, bits].ravel().astype(np.float64)
                means = ((sums + _LEVEL_PRIOR * before) / (count + _LEVEL_PRIOR)).reshape(SUBSETS, PER_SUBSET)
                book = np.sort(means[:, : 1 << (bits - 1)].ravel())
                book = (book - book[::-1]) / 2
            books.append(book)
        self._levels = dealt(books)
        self._model = ErrorModel(self._levels, self._codec.trellis.states)

    def tables(self) -> ClassTables:
        """The fitted tables for the codec."""
        codec = self._codec
        shape = (codec.n_classes, codec.places)
        coefficient, rate, word, shift = (np.zeros(shape, np.int64) for _ in range(4))
        scale = np.ones(shape)
        deviation = np.sqrt(self._variance)
        for k in range(codec.n_classes):
            packed, _ = pack(self._rate[k], self._variance[k, : self._z.shape[1]], codec.word_bits)
            for place, symbol in enumerate(packed):
                coefficient[k, place], rate[k, place] = symbol.coefficient, symbol.rate
                word[k, place], shift[k, place] = symbol.word + 2, symbol.shift
                scale[k, place] = deviation[k, symbol.coefficient]
        score = self._regression()
        n = self._z.shape[1]
        return ClassTables(
            coefficient=coefficient,
            scale=scale,
            rate=rate,
            word=word,
            shift=shift,
            score=score[: 3 * n].reshape(3, n, -1),
            score_constant=score[3 * n],
            spread=deviation,
            levels=self._levels.astype(np.float64),
            lost=np.sqrt(self._model.lost),
        )

    def _regression(self) -> Floats:
        """Weights (3 n + 1, K) of z^2, |z|, |z|^3 and 1 in the modelled error of each class, fitted at three gains."""
        z = self._z[torch.from_numpy(self._rng.permutation(len(self._z))[:_REGRESSION_PATCHES])]
        factors = [1.0, math.exp(self._codec.log_step), math.exp(-self._codec.log_step)]
        features = torch.cat([regression_features(z / factor) for factor in factors])
        errors = [torch.cat([self._expected(part) for part in torch.split(z / factor, 4096)]) for factor in factors]
        least = errors[0].min(1, keepdim=True)[0]
        over_least = torch.cat([error * factor**2 / least for error, factor in zip(errors, factors, strict=True)])
        target = torch.cat(errors)
        far_square = (features.t() @ features).double() * _FAR_WEIGHT
        far_product = (features.t() @ target).double() * _FAR_WEIGHT
        weights = np.empty((features.shape[1], target.shape[1]))
        for k in range(target.shape[1]):
            near = (over_least[:, k] < _NEAR).nonzero()[:, 0]
            if len(near) > _NEAR_MOST:
                near = near[torch.from_numpy(self._rng.permutation(len(near))[:_NEAR_MOST])]
            own = features[near]
            square = (own.t() @ own).double() + far_square
            square += torch.diag(square.diagonal() * 1e-5 + 1e-7)
            product = (own.t() @ target[near, k]).double() + far_product[:, k]
            weights[:, k] = torch.linalg.solve(square, product).numpy()
        return weights
