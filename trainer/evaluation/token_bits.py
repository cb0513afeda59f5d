"""The bits that a language model needs for the codes of people whom it does not know.

S stretches, P patches of a stretch, O other channels, D digits of a patch, G codes of a patch.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.evaluation.coded_recordings import Coded
from trainer.evaluation.token_digits import Digits
from trainer.evaluation.token_model import OTHERS, TokenModel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PATCHES = 8
"""P."""
_ROWS, _RATE, _LOOKS = 32, 2e-3, 8
_MOST_MEASURED, _MOST_CHOOSING = 480, 128
_SHARES = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)


def stretches(parts: Sequence[Coded], most: int | None = None) -> Ints:
    """Stretches (S, 1 + O, P, G) of codes: a channel, and the two that follow it in its recording.

    Recordings with fewer than three channels, or too short, have none. `most` are taken evenly.
    """
    found = []
    for part in parts:
        channels, patches, _ = part.codes.shape
        count = patches // PATCHES
        if channels > OTHERS and count:
            cut = part.codes[:, : count * PATCHES].reshape(channels, count, PATCHES, -1)
            beside = (np.arange(channels)[:, None] + np.arange(1 + OTHERS)) % channels
            found.append(cut[beside].transpose(0, 2, 1, 3, 4).reshape(-1, 1 + OTHERS, PATCHES, cut.shape[3]))
    if not found:
        return np.empty((0, 1 + OTHERS, PATCHES, 0), np.int64)
    every = np.concatenate(found)
    taken = np.linspace(0, len(every) - 1, min(most or len(every), len(every))).round().astype(np.int64)
    return every[taken]


def unigram_bits(sizes: Sequence[int], fit: Ints, choose: Ints, asked: Ints) -> Floats:
    """Bits (G,) of codes (M, G) under the histograms of fitted codes, mixed with even chances as suits `choose`."""
    even = 1 / np.array(sizes)
    told = _histograms(sizes, fit)
    share = _best_share(_looked_up(told, choose), even)
    return _bits(_looked_up(told, asked), even, share)


def _histograms(sizes: Sequence[int], values: Ints) -> list[Floats]:
    """Share (W,) of each value of each column of values (M, G)."""
    return [np.bincount(values[:, g], minlength=size) / len(values) for g, size in enumerate(sizes)]


def _looked_up(tables: Sequence[Floats], values: Ints) -> Floats:
    return np.stack([table[values[:, g]] for g, table in enumerate(tables)], axis=1)


def _best_share(chance: Floats, other: Floats) -> Floats:
    """How much (G,) of chances (M, G) to take, the rest being of the other ones, so that bits are fewest."""
    needed = np.stack([_bits(chance, other, np.array(share)) for share in _SHARES])
    share: Floats = np.array(_SHARES)[needed.argmin(axis=0)]
    return share


def _bits(chance: Floats, other: Floats, share: Floats) -> Floats:
    """Mean bits (G,) under a mixture of two chances (M, G)."""
    bits: Floats = -np.log2(share * chance + (1 - share) * other).mean(axis=0)
    return bits


class LanguageModel:
    """A model fitted to digits (S, 1 + O, P, D) of training subjects; `choose` are those that choose its settings.

    The chances of each digit are mixed with its histogram, as suits `choose`: what the model learned by heart, or
    cannot tell, then costs nothing. The weights of the step are kept that suit `choose` best.
    """

    def __init__(
        self, sizes: Sequence[int], fit: Tensor, choose: Tensor, steps: int, seed: int, report: Callable[[str], None]
    ) -> None:
        fitted = fit[:, 0].reshape(-1, fit.shape[3]).numpy()
        even = 1 / np.array(sizes)
        self._histograms = [
            0.98 * share + 0.02 * chance for share, chance in zip(_histograms(sizes, fitted), even, strict=True)
        ]
        self._share: dict[bool, Floats] = {}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._model = TokenModel(sizes, PATCHES)
            best, kept = math.inf, copy.deepcopy(self._model.state_dict())
            for step in self._steps(fit, steps):
                if step % max(steps // _LOOKS, 1) == 0:
                    needed = self._choose(choose)
                    report(f"language model: step {step} of {steps}, {needed:.1f} bit a patch")
                    if needed < best:
                        best, kept = needed, copy.deepcopy(self._model.state_dict())
        self._model.load_state_dict(kept)
        self._choose(choose)

    def _steps(self, fit: Tensor, steps: int) -> Iterator[int]:
        """Optimise; every other step the model hears other channels."""
        optimizer = torch.optim.AdamW(self._model.parameters(), lr=_RATE, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
        for step in range(1, steps + 1):
            rows = fit[torch.randint(len(fit), (_ROWS,))]
            self._model.train()
            optimizer.zero_grad()
            self._model(rows[:, 0], rows[:, 1:] if step % 2 else None).sum(2).mean().backward()
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            yield step

    def _choose(self, choose: Tensor) -> float:
        """Choose the shares of the mixture, and tell the bits that these patches need."""
        for others in (False, True):
            self._share[others] = _best_share(*self._chances(choose, others=others))
        return float(np.mean([self.bits(choose, others=others).sum() for others in (False, True)]))

    def bits(self, split: Tensor, *, others: bool) -> Floats:
        """Bits (D,) that each digit of stretches (S, 1 + O, P, D) needs; with `others` the model hears them too."""
        return _bits(*self._chances(split, others=others), self._share[others])

    def _chances(self, split: Tensor, *, others: bool) -> tuple[Floats, Floats]:
        """Chance (M, D) of what came, by the model and by the histogram."""
        self._model.eval()
        with torch.inference_mode():
            nats = [self._model(rows[:, 0], rows[:, 1:] if others else None) for rows in torch.split(split, 64)]
        wanted = split[:, 0].reshape(-1, split.shape[3]).numpy()
        told = torch.exp(-torch.cat(nats).double()).reshape(wanted.shape).numpy()
        return told, _looked_up(self._histograms, wanted)


def token_bits(
    parts: Sequence[Coded], digits: Digits, sizes: Sequence[int], steps: int, seed: int, report: Callable[[str], None]
) -> dict[str, Any]:
    """Bits of each code on the validation side, by data set: even chances, histogram, language model.

    Nothing if the recordings have too few channels or are too short.
    """
    by_use = {use: [part for part in parts if part.use == use] for use in ("fit", "choose", "val")}
    fit = stretches(by_use["fit"])
    choose = stretches(by_use["choose"] or by_use["fit"], _MOST_CHOOSING)
    asked = {
        name: stretches([part for part in by_use["val"] if part.recording.data_set == name], _MOST_MEASURED)
        for name in sorted({part.recording.data_set for part in by_use["val"]})
    }
    asked = {name: rows for name, rows in asked.items() if len(rows)}
    if not len(fit) or not len(choose) or not asked:
        return {}
    fitted, chosen = (torch.from_numpy(digits.split(rows)) for rows in (fit, choose))
    model = LanguageModel(digits.sizes, fitted, chosen, steps, seed, report)
    return {name: _of_set(model, digits, sizes, (fit, choose, rows)) for name, rows in asked.items()}


def _of_set(
    model: LanguageModel, digits: Digits, sizes: Sequence[int], rows: tuple[Ints, Ints, Ints]
) -> Mapping[str, Any]:
    fit, choose, asked = (one[:, 0].reshape(-1, one.shape[3]) for one in rows)
    split = torch.from_numpy(digits.split(rows[2]))
    return {
        "patches": len(asked),
        "uniform": np.log2(sizes).tolist(),
        "unigram": unigram_bits(sizes, fit, choose, asked).tolist(),
        "model": np.bincount(digits.code_of, model.bits(split, others=False)).tolist(),
        "model_with_others": np.bincount(digits.code_of, model.bits(split, others=True)).tolist(),
    }
