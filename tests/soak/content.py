"""What the outlets of a soak send, and what a subscriber makes of it: each sample carries its own number.

T samples, C channels, P patches.
"""

from collections import Counter

import numpy as np

PATCH = 64
_FINE = 1024
_REPLACED = 1
"""The flag of a patch and channel with imputed samples."""


class ContentError(Exception):
    """What came is not what was sent."""


def values(first: int, count: int, n_channels: int, life: int) -> np.ndarray:
    """Samples (T, C) number `first` and following of an outlet's life: number, life, and a pattern of both."""
    number = np.arange(first, first + count)[:, None]
    channel = np.arange(n_channels)[None, :]
    x = ((number * (37 + channel) + 11 * life) % 997 - 498).astype(np.float32)
    x[:, 0], x[:, 1], x[:, 2] = number[:, 0] % _FINE, number[:, 0] // _FINE, life
    return x


def decoded(codes: np.ndarray) -> np.ndarray:
    """Samples (P, C, PATCH) of the telltale bundle's codes (P, C, 6 * PATCH)."""
    low, high, exponent = (codes[:, :, n * PATCH : (n + 1) * PATCH].astype(np.int64) for n in range(3))
    return np.ldexp((low + 65536 * high - 16777216) / 16777216.0, exponent - 256).astype(np.float32)


def expect_patch(x: np.ndarray, flags: np.ndarray, before: np.ndarray | None, expected: int | None) -> tuple[int, int]:
    """Compare a patch (C, PATCH) with what was sent; return its first sample's number and the outlet's life.

    `flags` are (C,), `before` (C,) is the last sample before the patch, `expected` the number that must come.

    Raises:
        ContentError: it has a sample that was not sent, or not there.
    """
    numbers = x[1].astype(np.int64) * _FINE + x[0].astype(np.int64) - np.arange(PATCH)
    first = Counter(numbers.tolist()).most_common(1)[0][0] if expected is None else expected
    life = Counter(x[2].tolist()).most_common(1)[0][0]
    sent = values(first, PATCH, len(x), int(life)).T
    held = np.concatenate([np.zeros((len(x), 1)) if before is None else before[:, None], x[:, :-1]], axis=1)
    replaced = (flags & _REPLACED > 0)[:, None] & (x == held)
    wrong = ~((x == sent) | replaced)
    if wrong.any():
        channel, place = np.argwhere(wrong)[0]
        raise ContentError(
            f"channel {channel}, sample {first + place} is {x[channel, place]} instead of {sent[channel, place]}, "
            f"and {wrong.sum()} in all; flags {flags.tolist()}"
        )
    return first, int(life)
