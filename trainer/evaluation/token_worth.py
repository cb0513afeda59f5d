"""What tokens are worth to a language model: how well they are told in advance, and what they tell.

C channels, P patches, N samples in a patch, M patches of all channels, B bands, F features.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.fft import dct

from eegstream.codec.bundle import Bundle
from eegstream.vocabularies import Vocabulary, vocabulary
from trainer.evaluation.coded_recordings import Coded, coded
from trainer.evaluation.downstream import Task, answers
from trainer.evaluation.linear_probes import Floats, Probe, chosen, explained
from trainer.evaluation.metrics import loud
from trainer.evaluation.probe_inputs import Array, Heard, bands_of, heard_kinds, log_powers
from trainer.evaluation.token_bits import token_bits
from trainer.evaluation.token_digits import Digits
from trainer.evaluation.whole_recordings import Recorded
from trainer.evaluation.windowed_codec import WindowedCodec

Report = Callable[[str], None]

_SLOW = 64


@dataclass(frozen=True)
class TokenPlan:
    """How much is spent on what tokens are worth; the defaults are two or three minutes of one core."""

    seconds: float = 60.0
    """Of each recording."""
    steps: int = 600
    """Of the language model."""
    patches: int = 20_000
    """Most patches that probes are fitted to, and are asked about in each data set."""
    seed: int = 1


@dataclass(frozen=True)
class _Rows:
    """Patches of some recordings, without quiet ones."""

    codes: Array
    """(M, G)"""
    patches_uv: Array
    """(M, N)"""
    powers: Floats
    """(M, B)"""

    @classmethod
    def of(cls, parts: Sequence[Coded], bands: Sequence[str], most: int) -> "_Rows":
        codes = np.concatenate([part.codes.reshape(-1, part.codes.shape[2]) for part in parts])
        patches_uv = np.concatenate([part.patches_uv.reshape(-1, part.patches_uv.shape[2]) for part in parts])
        powers = np.concatenate([log_powers(part, bands).reshape(-1, len(bands)) for part in parts])
        heard = np.flatnonzero(loud(torch.from_numpy(patches_uv)).numpy())
        if len(heard):
            heard = heard[np.linspace(0, len(heard) - 1, min(most, len(heard))).round().astype(np.int64)]
        return cls(codes[heard], patches_uv[heard], powers[heard])

    @property
    def waves(self) -> Floats:
        """The slow part of the waveform: first cosine coefficients (M, 64), over the patch's root mean square."""
        size = np.sqrt((self.patches_uv.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        waves: Floats = dct(self.patches_uv / size, norm="ortho", axis=1)[:, :_SLOW]
        return waves


def worth(
    bundle: Bundle, recordings: Sequence[Recorded], tasks: Mapping[str, Task], plan: TokenPlan, report: Report
) -> dict[str, Any]:
    """Bits that a language model needs for the codes, and what linear probes find in them; {} without recordings."""
    codec = WindowedCodec.of(bundle.module, bundle.manifest, bundle.manifest.patch)
    parts = coded(codec, recordings, tasks.values(), plan.seconds)
    if not all(any(part.use == use for part in parts) for use in ("fit", "val")):
        return {}
    words = vocabulary(str(bundle.path))
    digits = Digits.of(words.meanings, merged=True)
    return {
        "patches": sum(part.codes[..., 0].size for part in parts if part.use == "fit"),
        "bits": token_bits(parts, digits, bundle.manifest.words, plan.steps, plan.seed, report),
        **_probed(words, parts, tasks, plan, report),
    }


def _probed(
    words: Vocabulary, parts: Sequence[Coded], tasks: Mapping[str, Task], plan: TokenPlan, report: Report
) -> dict[str, Any]:
    """What each kind of probe finds, by kind."""
    bands = bands_of(words.manifest, sorted({part.recording.sampled_hz for part in parts}))
    fit, choose = (
        _Rows.of([part for part in parts if part.use in uses], bands, plan.patches)
        for uses in (("fit",), ("choose",) if any(part.use == "choose" for part in parts) else ("fit",))
    )
    names = sorted({part.recording.data_set for part in parts if part.use == "val"})
    asked = {
        name: _Rows.of([p for p in parts if (p.use, p.recording.data_set) == ("val", name)], bands, plan.patches)
        for name in names
    }
    asked = {name: rows for name, rows in asked.items() if len(rows.codes)}
    found: dict[str, Any] = {"probes": {}, "tasks": {}}
    if not len(fit.codes) or not len(choose.codes):
        return found
    for kind, heard in heard_kinds(words).items():
        report(f"probes of {heard.what}")
        powers = _probe(heard, (fit, fit.powers), (choose, choose.powers))
        waves = _probe(heard, (fit, fit.waves), (choose, choose.waves))
        found["probes"][kind] = {
            name: {
                "bands": dict(zip(bands, _explained(heard, powers, rows, rows.powers, centred=True), strict=True)),
                "waveform": _explained(heard, waves, rows, rows.waves, centred=False, together=True)[0],
            }
            for name, rows in asked.items()
        }
        found["tasks"][kind] = _answered(heard, powers, parts, tasks)
    return found


def _probe(heard: Heard, fit: tuple[_Rows, Floats], choose: tuple[_Rows, Floats]) -> Probe:
    inputs, deciding = (heard.of(rows.codes, rows.patches_uv) for rows, _ in (fit, choose))
    return chosen(lambda penalty: heard.fit(inputs, fit[1], penalty), deciding, choose[1])


def _explained(
    heard: Heard, probe: Probe, rows: _Rows, targets: Floats, *, centred: bool, together: bool = False
) -> list[float]:
    told = probe(heard.of(rows.codes, rows.patches_uv))
    if together:
        targets, told = targets.reshape(-1, 1), told.reshape(-1, 1)
    return [float(share) for share in explained(targets, told, centred=centred)]


def _answered(heard: Heard, probe: Probe, parts: Sequence[Coded], tasks: Mapping[str, Task]) -> dict[str, Any]:
    """The tasks, with the log powers that the probe tells in place of those of a signal."""
    by_recording = {id(part.recording): part for part in parts}

    def features_of(recording: Recorded, window_s: float) -> Floats:
        part = by_recording[id(recording)]
        channels, patches, n_codes = part.codes.shape
        told = probe(heard.of(part.codes.reshape(-1, n_codes), part.patches_uv.reshape(channels * patches, -1)))
        per_window = max(1, round(window_s / part.patch_s))
        count = patches // per_window
        windows = told.reshape(channels, patches, -1)[:, : count * per_window].reshape(channels, count, per_window, -1)
        features: Floats = windows.mean(axis=2).transpose(1, 0, 2).reshape(count, -1)
        return features

    return answers(tasks, [part.recording for part in parts], features_of)
