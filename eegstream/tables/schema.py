"""The columns of a table of tokens, and the facts in its file's metadata.

G codes of a patch.
"""

from importlib.metadata import version
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from eegstream.errors import CodesFileError
from eegstream.wire.messages import Frontend, Spec

SCHEMA_VERSION: Literal[1] = 1
KEY = b"eegstream"
"""Of the facts in the metadata of a file."""
NAMES = ("dataset", "subject", "session", "task", "run", "recording", "stream", "channel")
"""Columns that hold names; few different ones in many rows."""
MOST_PATCHES = 600
"""In a row."""


class TableBundle(BaseModel):
    """The bundle that made the codes."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    sha256: str
    license: str | None
    """None if the bundle was not at hand when the table was written."""


class TableFacts(BaseModel):
    """What all rows of a file have in common."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    bundle: TableBundle
    words: tuple[int, ...]
    """(G,) number of values of each code."""
    patch: int
    """Model-rate samples in a patch."""
    hop: int
    """Model-rate samples from one patch's start to the next."""
    frontend: Frontend
    package_version: str
    license: str | None
    """Of the recordings; None if nobody said."""

    @classmethod
    def of(cls, spec: Spec, *, bundle_license: str | None, data_license: str | None) -> "TableFacts":
        """The facts of codes with this spec."""
        return cls(
            bundle=TableBundle(**spec.model.model_dump(), license=bundle_license),
            words=spec.words,
            patch=spec.patch,
            hop=spec.hop,
            frontend=spec.frontend,
            package_version=version("eegstream"),
            license=data_license,
        )

    @classmethod
    def read(cls, schema: Any, origin: str) -> "TableFacts":
        """The facts in the schema of the file `origin`.

        Raises:
            CodesFileError: this is no table of tokens, or one of another version.
        """
        text = (schema.metadata or {}).get(KEY)
        if text is None:
            raise CodesFileError(
                f"{origin} is no table of tokens (its metadata have no key {KEY.decode()!r})",
                "Give a Parquet file that eegstream wrote",
            )
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CodesFileError(
                f"{origin}: the facts of the table do not fit version {SCHEMA_VERSION}: {where}: {first['msg']}",
                "Read it with the version that wrote it",
            ) from None

    @property
    def schema(self) -> Any:
        """The columns of a file with these facts, as a schema of pyarrow."""
        return columns(len(self.words)).with_metadata({KEY: self.model_dump_json().encode()})

    def unlike(self, other: "TableFacts") -> str:
        """The first fact that another file does not share, in words; "" if rows of both may be in one file.

        Versions of the package, and licences, may differ.
        """
        for name in ("bundle", "words", "patch", "hop", "frontend"):
            own, others = getattr(self, name), getattr(other, name)
            if name == "bundle":
                own, others = (bundle.model_copy(update={"license": None}) for bundle in (own, others))
            if own != others:
                return f"{name} {own} and {others}"
        return ""


def columns(n_codes: int) -> Any:
    """The columns, as a schema of pyarrow; `n_codes` is G."""
    event = pa.struct(
        [("t", pa.float64()), ("duration", pa.float64()), ("label", pa.string()), ("value", pa.float64())]
    )
    return pa.schema(
        [
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in NAMES),
            ("channel_type", pa.string()),
            ("segment", pa.int32()),
            ("first", pa.int32()),
            ("n_patches", pa.int32()),
            ("t0", pa.float64()),
            ("patch_s", pa.float64()),
            ("rate_hz", pa.float64()),
            ("t", pa.list_(pa.float64())),
            ("codes", pa.list_(pa.list_(pa.uint16(), n_codes))),
            ("flags", pa.list_(pa.uint8())),
            ("events", pa.list_(event)),
        ]
    )
