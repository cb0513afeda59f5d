"""The flags of a patch, one byte per patch and channel."""

from enum import IntFlag


class PatchFlag(IntFlag):
    """Reasons to trust a patch less."""

    REPLACED = 1
    """Input within the reach of its samples that was not finite, or absurdly large, was replaced."""
    AMPLITUDE = 2
    """A front-ended sample is at least as large as the bundle's `amplitude_uv`."""
    FLAT = 4
    """The source did not change over the patch's own span."""
    FILLED = 8
    """Interpolated samples lie within the reach of its samples."""
    SETTLING = 16
    """The high-pass has not settled yet after the segment's start."""
