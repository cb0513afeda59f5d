"""What metrics are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from eegstream.daemon.figures import Figures


class Published(Protocol):
    """Counts what subscribers did; `pubsub.publisher.Publisher` in the product."""

    @property
    def refused(self) -> int:
        """Connections closed or refused."""

    @property
    def restarts(self) -> int:
        """How often another publishing process took over."""


@dataclass(frozen=True)
class Observed:
    """A run that is ready."""

    figures: Figures
    publisher: Published
    refusals: Callable[[], int]
    """How often a stream was refused."""
    facts: Mapping[str, str]
    """Its id, the model, the device."""
