"""The plots of one bundle: what it keeps, how its codes are used, how its training went."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eegstream.codec.bundle import Bundle
from trainer.evaluation import plots
from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.looks import RAW
from trainer.evaluation.windowed_codec import WindowedCodec

_PLOTTED = 2000
"""Windows of a set that spectra and reconstructions are drawn of."""


def plots_of(
    title: str,
    colour: str,
    codec: WindowedCodec,
    sets: Sequence[HeldOutWindows],
    counts: Sequence[NDArray[np.int64]],
    seeds: Sequence[Bundle],
) -> dict[str, Figure]:
    """Reconstructions, spectra, histograms of the codes and, where it is known, the course of training, by name."""
    pairs, lines = {}, {}
    for s in sets:
        rows = np.linspace(0, len(s.patches_uv) - 1, min(_PLOTTED, len(s.patches_uv))).round().astype(int)
        x = s.patches_uv[rows]
        decoded = {kind: codec.through(x, s.rate_hz, kind) for kind in codec.decodes}
        raw = x.astype(np.float64)
        pairs[s.name] = (raw, decoded["mse"], s.sampled_hz)
        lines[s.name] = ({"EEG": raw, **{f"decoded, {kind}": y for kind, y in decoded.items()}}, s.sampled_hz)
    drawn = {
        f"reconstructions {title}": plots.reconstructions(pairs, colour),
        f"spectra {title}": plots.spectra(lines, (RAW, colour)),
        f"codes {title}": plots.code_use(counts, colour),
    }
    histories = {f"seed {m.training.get('seed')}": m.training.get("history") for m in (b.manifest for b in seeds)}
    if known := {name: history for name, history in histories.items() if history}:
        drawn[f"training {title}"] = plots.training_curves(known, colour)
    return drawn
