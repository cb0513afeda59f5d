"""The classified codec: spectral envelopes, trellis-coded coefficients, and the fit of its tables."""

from trainer.models.classified.codec import ClassifiedCodec

__all__ = ["ClassifiedCodec"]
