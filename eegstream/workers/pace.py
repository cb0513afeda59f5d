"""Estimate how long the rest of many tasks takes, from those that are done.

A task is taken to cost a constant and a part in proportion to its size; both are fitted by least squares. Older tasks
count less and less in it, because other programs may slow the machine down or leave it.
"""

from dataclasses import dataclass

_KEPT = 0.98
"""What is left of a task's weight when another one is done: the last 50 count most."""


@dataclass
class Pace:
    """What is known of the cost of tasks; sizes in any one unit."""

    _n: float = 0.0
    _size: float = 0.0
    _size_size: float = 0.0
    _busy_s: float = 0.0
    _size_busy: float = 0.0

    def finished(self, size: float, busy_s: float) -> None:
        """Count a task of this size that kept its process busy for `busy_s` seconds."""
        self._n = _KEPT * self._n + 1
        self._size = _KEPT * self._size + size
        self._size_size = _KEPT * self._size_size + size * size
        self._busy_s = _KEPT * self._busy_s + busy_s
        self._size_busy = _KEPT * self._size_busy + size * busy_s

    def left_s(self, n_left: int, size_left: float, workers: int) -> float | None:
        """Seconds until the `n_left` tasks that are not done, `size_left` together, are; None if nothing is known.

        Tasks that run now are half done, on average.
        """
        if self._n == 0 or workers < 1:
            return None
        constant_s, per_size_s = self._costs()
        busy_s = constant_s * n_left + per_size_s * size_left
        running = min(workers, n_left)
        begun_s = running * busy_s / n_left / 2 if n_left else 0.0
        return (busy_s - begun_s) / running if running else 0.0

    def _costs(self) -> tuple[float, float]:
        """Seconds of every task, and seconds per size; neither is negative."""
        spread = self._n * self._size_size - self._size**2
        slope = (self._n * self._size_busy - self._size * self._busy_s) / spread if spread > 0 else -1.0
        mean = self._busy_s / self._n
        if slope < 0:
            return (mean, 0.0) if self._size == 0 else (0.0, self._busy_s / self._size)
        constant = mean - slope * self._size / self._n
        return (constant, slope) if constant >= 0 else (0.0, self._size_busy / self._size_size)
