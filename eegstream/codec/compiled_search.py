"""The encoder of classified bundles with its search in C: the same codes in less time.

The bundle's own TorchScript computes gains, coefficients and candidates; only the search among them, which is thousands
of small operations, is compiled. Its tables are the bundle's constants. What they contain is checked here once, so that
no number in them leads beyond a table; `Engine` compares the codes with those of TorchScript before it uses them.

B patches, C candidates of a patch, K classes, P places of a class, T steps, S states, G codes, n coefficients; the
tables are those of docs/reference/models.md.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec.bundle import Bundle
from eegstream.codec.graph_check import require_allowed
from eegstream.errors import BundleError
from eegstream.kernels import Kernels

CLASSIFIED = "trainer.models.classified.ClassifiedCodec"
"""What the manifest calls the codec."""
_METHODS = ("analyse", "shortlist")
_SUBSETS, _PER_UNIT, _REACH, _NEVER = 4, 32.0, 256, 1e9
"""Of the trellis, as in native/trellis_search.c."""
_MOST_STATES, _MOST_LANES, _MOST_CANDIDATES, _MOST_STEPS = 64, 64, 64, 1024
_SCALES, _LARGEST_LEVEL = (1e-6, 1e6), 1e3
"""Within these limits no error overflows or becomes NaN, about which C and PyTorch may differ."""

Array = NDArray[Any]


class UnsuitedError(ValueError):
    """The search in C does not serve this bundle; the message says why."""


class CompiledSearch:
    """`encode` of a classified bundle on the CPU.

    Raises:
        UnsuitedError: there are no kernels, or the bundle is not a classified one, or not as the search expects it.
    """

    def __init__(self, bundle: Bundle, kernels: Kernels | None) -> None:
        if bundle.manifest.model.get("class") != CLASSIFIED:
            raise UnsuitedError("the search in C is for classified codecs")
        if kernels is None:
            raise UnsuitedError("the kernels in C were not built")
        module = bundle.module
        try:
            require_allowed(module, _METHODS, bundle.path.name)
            self._sizes = _sizes(module, len(bundle.manifest.words))
            self._tables = _tables(module, self._sizes)
        except (AttributeError, RuntimeError, TypeError, BundleError) as error:
            raise UnsuitedError(f"its tables or methods are others ({type(error).__name__})") from error
        self._kernels, self._codes = kernels, len(bundle.manifest.words)
        self._analyse: Callable[..., tuple[torch.Tensor, torch.Tensor]] = module.analyse
        self._shortlist: Callable[..., tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = module.shortlist

    def __call__(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - not used
        """Codes (B, G) int32 of patches (B, N) uV; `rate_hz` is there since every bundle's `encode` takes it."""
        gain, z = self._analyse(patches)
        classes, factor, offset = self._shortlist(z)
        codes = torch.empty((len(patches), self._codes), dtype=torch.int32)
        given = tuple(tensor.contiguous().numpy() for tensor in (z, gain, classes, factor, offset))
        self._kernels.search(self._sizes, self._tables, given, codes.numpy())
        return codes


def _sizes(module: torch.jit.ScriptModule, codes: int) -> tuple[int, ...]:
    """T, segments, K, lanes, C, S, G, n, cells of all rates, rates; checked."""
    trellis = module.trellis
    steps, segments, classes, lanes = module.steps, module.segments, module.n_classes, module.lanes
    coefficients, cells = module.analysis.shape[1], trellis.nearest.shape[1]
    _require(1 <= steps <= _MOST_STEPS and segments <= lanes <= _MOST_LANES, "steps, segments or lanes")
    _require(1 <= module.candidates <= _MOST_CANDIDATES, "candidates")
    _require(trellis.states in {16, 32, _MOST_STATES}, "states")
    constants = (trellis.per_unit, trellis.reach, trellis.never)
    _require(constants == (_PER_UNIT, _REACH, _NEVER), "constants of the trellis")
    rates = len(trellis.path_value)
    return (steps, segments, classes, lanes, module.candidates, trellis.states, codes, coefficients, cells, rates)


def _tables(module: torch.jit.ScriptModule, sizes: tuple[int, ...]) -> tuple[Array, ...]:
    """The tables as native/kernels.h lists them, each with numbers that stay within the others."""
    steps, segments, classes, _, _, states, codes, coefficients, cells, rates = sizes
    by_step, by_place = (steps, classes * segments + 1), (classes, segments * steps)
    trellis = module.trellis
    scale = _floats(module.scale, by_step, _SCALES)
    nearest = _floats(trellis.nearest, (_SUBSETS, cells), (-_LARGEST_LEVEL, _LARGEST_LEVEL))
    return (
        _integers(module.coefficient, by_step, (0, coefficients - 1), np.int16).T.copy(),
        scale.T.copy(),
        _integers(module.middle, by_step, (_REACH, cells - 1 - _REACH), np.int16).T.copy(),
        _integers(module.size, (classes,), (1, segments), np.int32),
        nearest.T.copy(),
        _integers(trellis.nearest_index, (_SUBSETS, cells), (0, 255), np.uint8),
        _integers(module.rate, by_place, (0, rates - 1), np.uint8),
        _integers(module.word, by_place, (0, codes - 1), np.uint8),
        _integers(module.shift, by_place, (0, 15), np.uint8),
        _integers(trellis.subset_of, (2 * states,), (0, _SUBSETS - 1), np.int32),
        _integers(trellis.path_value, (rates,), (0, 255), np.int32),
        _integers(trellis.level_mask, (rates,), (0, 255), np.int32),
    )


def _integers(tensor: torch.Tensor, shape: tuple[int, ...], within: tuple[int, int], dtype: type[np.integer]) -> Array:
    values = tensor.detach().numpy()
    _require(values.shape == shape and values.dtype.kind in "iu", "the shape or type of a table")
    limits = np.iinfo(dtype)
    low, high = max(within[0], limits.min), min(within[1], limits.max)
    _require(bool((values >= low).all() and (values <= high).all()), "a number in a table")
    return np.ascontiguousarray(values, dtype)


def _floats(tensor: torch.Tensor, shape: tuple[int, ...], within: tuple[float, float]) -> Array:
    values = tensor.detach().numpy()
    _require(values.shape == shape and values.dtype == np.float32, "the shape or type of a table")
    _require(bool((values >= within[0]).all() and (values <= within[1]).all()), "a number in a table")  # no if NaN
    return values


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise UnsuitedError(f"{what} is not as the search in C expects it")
