"""Whether the daemon moves: its main loop, and the worker that processes, encodes and publishes."""

from collections.abc import Callable

LIVE_S = 10.0
"""A part that has not moved for so long hangs."""


class Liveness:
    """When each part last moved; written by the main loop, read by any thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._main_s = clock()
        self._worker: Callable[[], float] = lambda: self._main_s
        self._readers_move = True
        self.is_ready = False

    def watch(self, worker_moved_s: Callable[[], float]) -> None:
        """Note that the worker runs; the daemon is ready."""
        self._worker = worker_moved_s
        self.main_moved()
        self.is_ready = True

    def main_moved(self, *, readers_move: bool = True) -> None:
        """Note that the main loop came round, and whether any reader moves."""
        self._main_s, self._readers_move = self._clock(), readers_move

    @property
    def main_age_s(self) -> float:
        """Time since the main loop came round."""
        return max(0.0, self._clock() - self._main_s)

    @property
    def worker_age_s(self) -> float:
        """Time since the worker came round."""
        return max(0.0, self._clock() - self._worker())

    @property
    def hanging(self) -> str | None:
        """Which part hangs; None if all move. What is not ready may take its time."""
        ages_s = {"main loop": self.main_age_s, "worker": self.worker_age_s}
        late = [f"the {part} has not moved for {age_s:.0f} s" for part, age_s in ages_s.items() if age_s > LIVE_S]
        late += [] if self._readers_move else ["every reader hangs in liblsl"]
        return " and ".join(late) if late and self.is_ready else None
