"""The manifest of a bundle, `manifest.json`, validated on reading.

It holds everything that decides a code, so training, `encode` and `run` always agree.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eegstream.codec.archive import MANIFEST, Archive
from eegstream.errors import BundleError

Word = Annotated[int, Field(ge=2, le=65536)]
Decode = Literal["mse", "spectrum"]
Samples = Annotated[int, Field(ge=1, le=1_000_000)]
Frequency = Annotated[float, Field(ge=1e-6, le=1e6)]


def bits_of(codebook_sizes: Sequence[int]) -> float:
    """Bits of a patch whose codes have these codebook sizes."""
    return sum(map(math.log2, codebook_sizes))


DECODE_METHODS: Mapping[str, str] = {"mse": "decode", "spectrum": "decode_spectrum"}
"""The bundle's method for each kind of decode."""


class FrontEndManifest(BaseModel):
    """Settings of the signal path before the model."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model_rate_hz: Frequency | None
    """Rate that every stream is resampled to; null keeps the stream's own."""
    highpass_hz: Frequency | None
    notch_hz: Frequency | None


class Manifest(BaseModel):
    """A bundle's description, `format` 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]
    version: Annotated[int, Field(ge=1, le=1_000_000_000)]
    patch: Samples
    """Model-rate samples in a patch."""
    hop: Samples
    """Model-rate samples from one patch's start to the next."""
    words: Annotated[tuple[Word, ...], Field(min_length=1, max_length=65536)]
    """Codebook size of each code of a patch."""
    prefix: bool
    """Whether decode takes -1 for codes that were cut off at the end."""
    decodes: Annotated[tuple[Decode, ...], Field(min_length=1, max_length=2)]
    frontend: FrontEndManifest
    rate_range_hz: tuple[float, float]
    """Source rates that the model was trained for."""
    amplitude_uv: Annotated[float, Field(gt=0)]
    """A front-ended sample of at least this magnitude raises flag 2."""
    model: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, Any]
    license: str
    card: str
    """The model card, in Markdown."""

    @model_validator(mode="after")
    def _is_coherent(self) -> "Manifest":
        if self.hop > self.patch:
            raise ValueError(f"hop {self.hop} is longer than patch {self.patch}")
        if "mse" not in self.decodes:
            raise ValueError('"decodes" lacks "mse", which every bundle has')
        low, high = self.rate_range_hz
        if not 0 < low <= high:
            raise ValueError(f"rate_range_hz {low}..{high} is not a range")
        return self

    @classmethod
    def from_archive(cls, archive: Archive, origin: str) -> "Manifest":
        """Read the manifest of a bundle; `origin` names it in errors.

        Raises:
            BundleError: there is none, or it does not fit.
        """
        text = archive.entries.get(MANIFEST)
        if text is None:
            raise BundleError(f"{origin} has no manifest.json inside", "Export the model with trainer.export")
        return cls.from_json(text, origin)

    @classmethod
    def from_json(cls, text: bytes, origin: str) -> "Manifest":
        """Read `manifest.json`; `origin` names the bundle in errors.

        Raises:
            BundleError: not JSON, or a key is missing, unknown or out of range.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "manifest"
            raise BundleError(
                f"{origin}: manifest.json does not fit format 1: {where}: {first['msg']}",
                "Export the bundle again with this version's trainer",
            ) from None
