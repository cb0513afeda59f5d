"""What must come of the samples that an outlet sent, computed beside the product where that is easy."""

from fractions import Fraction
from math import ceil

import numpy as np

from eegstream.client import Codes, Loss, Message
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan
from tests.e2e.outlet import samples

MODEL_RATE_HZ = 256
PATCH = 64


def covered(emitted: int, rate_hz: float) -> int:
    """Source samples up to the end of the last patch's own span, by the contract's formula; hop = patch."""
    if emitted == 0:
        return 0
    ratio = Fraction(str(rate_hz)).limit_denominator(1000) / MODEL_RATE_HZ
    return ceil(emitted * PATCH * ratio)


def codes_of(tokenizer: Tokenizer, plan: OutletPlan, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Codes (P, C, G) of the outlet's samples `start` to `stop`, encoded as an array."""
    count = round(plan.seconds * plan.rate_hz)
    sent = samples(len(plan.labels), count, plan.seed)[start:stop]
    (segment,) = tokenizer.encode(sent.T, plan.rate_hz)
    return segment.codes


def codes_heard(items: list[Message | Loss], epoch: int, segment: int = 0) -> np.ndarray:
    """Codes (P, C, G) that came of a segment, whose patches must be numbered without a hole."""
    heard = [item for item in items if isinstance(item, Codes) and (item.epoch, item.segment) == (epoch, segment)]
    numbers = [item.first + n for item in heard for n in range(item.shape[0])]
    assert numbers == list(range(len(numbers)))
    return np.concatenate([item.array for item in heard])
