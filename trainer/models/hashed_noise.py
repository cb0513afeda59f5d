"""Noise that depends only on the codes, so that the same codes always decode to the same noise.

B patches, N samples in a patch, G codes.
"""

import torch
from torch import Tensor


def hashed_signs(codes: Tensor, mixers: Tensor, count: int) -> Tensor:
    """+1 or -1 (B, count): a hash of codes (B, G), multiplied by odd numbers (G,), and of the coefficient's number."""
    mask = (1 << 32) - 1
    mixed = (codes * mixers).sum(1, keepdim=True)
    number = torch.arange(count, device=codes.device)
    mixed = torch.bitwise_and(mixed + number * 2654435761, mask)
    for _ in range(2):
        mixed = torch.bitwise_xor(mixed, torch.bitwise_right_shift(mixed, 16))
        mixed = torch.bitwise_and(mixed * 73244475, mask)
    mixed = torch.bitwise_xor(mixed, torch.bitwise_right_shift(mixed, 16))
    return 1.0 - 2.0 * torch.bitwise_and(mixed, 1).to(torch.float32)
