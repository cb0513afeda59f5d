"""Outlets that were tried and could not be read: why, and when to try them again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from eegstream.daemon.telling import tell_refused

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_MOST_TOLD = 100
"""Most refusals that are told at a time; each costs every subscriber a message a second."""


@dataclass(frozen=True)
class Failure:
    """The last failure of one outlet."""

    name: str
    """Its wire name."""
    why: str
    is_final: bool
    """Whether trying again is of no use."""
    is_told: bool
    """False for an outlet that was read before: it is lost, not refused."""
    wait_s: float
    retry_at_s: float


class Failures:
    """The outlets that failed, by uid, until they leave."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Failure] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._by_uid

    def get(self, uid: str) -> Failure | None:
        """The last failure of an outlet."""
        return self._by_uid.get(uid)

    def note(
        self, uid: str, name: str, why: str, *, is_final: bool, was_read: bool, lasted_s: float, now_s: float
    ) -> None:
        """An outlet's reader ended after `lasted_s`; `was_read` says whether samples could come from it."""
        before = self._by_uid.get(uid)
        wait_s = _FIRST_WAIT_S
        if before is not None and lasted_s < _LONGEST_WAIT_S:
            wait_s = min(2 * before.wait_s, _LONGEST_WAIT_S)
        is_told = is_final or not (was_read or (before is not None and not before.is_told))
        self._by_uid[uid] = Failure(name, why, is_final, is_told, wait_s, now_s + wait_s)

    def keep_only(self, uids: Collection[str]) -> None:
        """Forget the outlets that left."""
        self._by_uid = {uid: failure for uid, failure in self._by_uid.items() if uid in uids}


class RefusalLog:
    """Log refusals, each once, and count them."""

    def __init__(self) -> None:
        self._told: Mapping[str, str] = {}
        self.count = 0

    def tell(self, refused: Mapping[str, str]) -> dict[str, str]:
        """Log what is new; return what is to be told to subscribers."""
        for name, why in refused.items():
            if self._told.get(name) != why:
                self.count += 1
                tell_refused(name, why)
        self._told = dict(refused)
        return dict(list(refused.items())[:_MOST_TOLD])
