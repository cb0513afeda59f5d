"""The tokens model: learned envelope and codebooks, each code with one meaning wherever it stands."""

from trainer.models.tokens.codec import TokenCodec

__all__ = ["TokenCodec"]
