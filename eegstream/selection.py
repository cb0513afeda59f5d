"""Select streams by patterns for what they state about themselves."""

import fnmatch
from dataclasses import dataclass
from typing import Protocol

from eegstream.errors import ConfigError


class Described(Protocol):
    """What every stream states about itself."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def type(self) -> str: ...  # noqa: D102

    @property
    def source_id(self) -> str: ...  # noqa: D102

    @property
    def hostname(self) -> str: ...  # noqa: D102

    @property
    def uid(self) -> str: ...  # noqa: D102

    @property
    def session_id(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Selection:
    """Pairs of `field=pattern` that must all match; case is ignored."""

    patterns: tuple[tuple[str, str], ...]

    FIELDS = ("name", "type", "source_id", "hostname", "uid", "session_id")

    @classmethod
    def parse(cls, text: str) -> "Selection":
        """Read `type=EEG,name=Muse*`; an empty text selects every stream.

        Raises:
            ConfigError: a part is not `field=pattern` with a known field.
        """
        patterns = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            field, equals, pattern = part.partition("=")
            if not equals or field.strip() not in cls.FIELDS:
                raise ConfigError(
                    f"the selection has the part {part!r}, expected FIELD=PATTERN",
                    f"Fields are {', '.join(cls.FIELDS)}",
                )
            patterns.append((field.strip(), pattern.strip()))
        return cls(tuple(patterns))

    def wants(self, stream: Described) -> bool:
        """Whether every pattern matches. LSL's own predicates are not used, because they allow injection."""
        return all(
            fnmatch.fnmatchcase(str(getattr(stream, field)).lower(), pattern.lower())
            for field, pattern in self.patterns
        )
