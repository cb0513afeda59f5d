"""Number envelopes so that neighbours are alike, for models that read their numbers.

K envelopes, N samples in a patch.
"""

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from trainer.models.classified.tables import ClassTables

_SHARED = ("levels", "lost")
"""Tables without envelopes."""


def by_likeness(tables: ClassTables) -> ClassTables:
    """The same tables with their envelopes numbered along the direction in which log spectra differ most.

    With the new numbers of their envelopes, codes decode to the same.
    """
    order = likeness_order(tables.spread)
    moved = {
        field.name: getattr(tables, field.name)[..., order]
        if field.name == "score"
        else getattr(tables, field.name)[order]
        for field in fields(tables)
        if field.name not in _SHARED
    }
    return replace(tables, **moved)


def likeness_order(spread: NDArray[np.floating]) -> NDArray[np.int64]:
    """Order (K,) of envelopes (K, N) along the first principal component of their logarithms, from steep to flat."""
    logs = np.log(spread + 1e-3)
    logs = logs - logs.mean(axis=0)
    direction = np.linalg.svd(logs, full_matrices=False)[2][0]
    direction = direction * np.sign(direction[len(direction) // 2 :].sum() or 1.0)
    return np.argsort(logs @ direction, kind="stable").astype(np.int64)
