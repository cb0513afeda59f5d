"""How long healthy streams pause, and how old their codes are, while others suffer."""

from collections import defaultdict


class Pace:
    """Streams by their outlets' names; a stream is healthy unless it is excused for a while.

    A pause is counted from the last codes, or from the end of the excuse if that is later.
    """

    def __init__(self, limit_s: float, lag_limit_s: float) -> None:
        self.limit_s, self.lag_limit_s = limit_s, lag_limit_s
        self._heard_s: dict[str, float] = {}
        self._excused_s: dict[str, dict[str, float]] = defaultdict(dict)
        self._told: set[tuple[str, str]] = set()
        self._act = "start"
        self.longest_s: dict[str, float] = defaultdict(float)
        """Longest pause of a healthy stream, by the act before."""
        self.suffered_s: dict[str, float] = defaultdict(float)
        """Longest pause that was excused, by the act before its end."""
        self.largest_lag_s: dict[str, float] = defaultdict(float)
        """Largest lag of a healthy stream, by the act before."""

    def watch(self, name: str, now_s: float) -> None:
        """From now on the stream must have codes."""
        self._heard_s.setdefault(name, now_s)

    def begin(self, act: str) -> None:
        """What happens from now on is put down to this act."""
        self._act = act

    def excuse(self, name: str | None, until_s: float, why: str = "") -> None:
        """A stream, or every one, may pause until then; a later excuse for the same cause replaces the one before."""
        for each in [name] if name else list(self._heard_s):
            self._excused_s[each][why] = until_s

    def excused_until_s(self, name: str) -> float:
        """When its last excuse ends."""
        return max(self._excused_s[name].values(), default=float("-inf"))

    def heard(self, name: str, now_s: float, lag_s: float | None = None) -> list[tuple[str, str, str]]:
        """Codes came, so much later than their last sample was sent."""
        broken = self.look(now_s)
        if name in self._heard_s:
            if now_s <= self.excused_until_s(name):
                self.suffered_s[self._act] = max(self.suffered_s[self._act], now_s - self._heard_s[name])
            self._heard_s[name] = now_s
            self._told.discard((name, "pause"))
            if lag_s is not None and now_s > self.excused_until_s(name):
                self.largest_lag_s[self._act] = max(self.largest_lag_s[self._act], lag_s)
                if lag_s <= self.lag_limit_s:
                    self._told.discard((name, "lag"))
                elif (name, "lag") not in self._told:
                    self._told.add((name, "lag"))
                    broken.append(("lag", name, f"codes of samples sent {lag_s:.1f} s ago, after {self._act}"))
        return broken

    def look(self, now_s: float) -> list[tuple[str, str, str]]:
        """Pauses that are too long: what, who, and more in words, once each."""
        broken = []
        for name, heard_s in self._heard_s.items():
            pause_s = now_s - max(heard_s, self.excused_until_s(name))
            self.longest_s[self._act] = max(self.longest_s[self._act], pause_s)
            if pause_s > self.limit_s and (name, "pause") not in self._told:
                self._told.add((name, "pause"))
                broken.append(("pause", name, f"no codes for {pause_s:.1f} s, after {self._act}"))
        return broken
