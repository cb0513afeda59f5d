"""Find the times of a table's samples: their column, their unit, and remarks on them.

K columns, R rows, T samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.rates import measured_rate_hz
from eegstream.files.tables import MISSING, Grid, number_of
from eegstream.files.text_lines import Text
from eegstream.files.text_times import counts_up, is_timestamp, time_unit_s, unit_of_timestamps, unwrapped_s


@dataclass(frozen=True)
class Clock:
    """The columns of a table that may hold the time."""

    text: Text
    grid: Grid
    name: str
    """Name of the file."""
    known_hz: float | None
    """The rate that the user gives or the file states; None if unknown."""
    rate_needed: bool
    """Whether only the times can show the rate."""

    def column(self, numbers: NDArray[np.float64]) -> int | None:
        """The first time column that runs forward; a repetition of the same time comes last."""
        candidates = sorted(self.grid.times, key=lambda column: ("ormatted" in self.text.header[column], column))
        for column in candidates:
            timestamps = self._timestamps(column, numbers)
            finite = timestamps[np.isfinite(timestamps)]
            if len(finite) * 2 > len(timestamps) and measured_rate_hz(finite - finite[0]) is not None:
                return column
        words = [cell for column in candidates for cell in self._words(column)]
        if words and self.rate_needed:
            raise RecordingError(
                f"{self.name} has times of an unknown form, such as {printable(words[0])[:40]!r}",
                remedy="Write them as 2024-01-31 10:00:00.123, or give the rate with --rate",
            )
        if candidates and self.rate_needed:
            raise RecordingError(
                f"{self.name} has a time column that does not run forward",
                remedy="Correct its timestamps, or give the rate with --rate",
            )
        return None

    def _words(self, column: int) -> list[str]:
        """Cells of a column that hold neither a number nor a known form of timestamp."""
        cells = [row[column] for row in self.text.probe if column < len(row)]
        words = [
            cell for cell in cells if cell.lower() not in MISSING and number_of(cell) is None and not is_timestamp(cell)
        ]
        return words if len(words) * 2 > len(cells) else []

    def _timestamps(self, column: int, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Timestamps (R,) of a time column; times of day continue after midnight."""
        if column not in self.grid.parsers:
            return numbers[:, column]
        return unwrapped_s(numbers[:, column], [row[column] for row in self.text.probe if column < len(row)])

    def seconds(self, column: int, numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
        """Times (T,) of a table (T, K) since its first, not sorted, and a remark on them ("" if none)."""
        timestamps = self._timestamps(column, numbers)
        if column in self.grid.parsers:
            return timestamps - timestamps[np.isfinite(timestamps)][0], ""
        first = timestamps[np.isfinite(timestamps)][0]
        named_s = time_unit_s(self.text.units[column]) if self.text.units and self.text.units[column] else None
        named_s = named_s if named_s not in (None, 1.0) else time_unit_s(self.text.header[column])
        whole_s = self._seconds_and_milliseconds(column, numbers)
        if whole_s is not None:
            return whole_s - whole_s[0], ""
        unit_s, remark = unit_of_timestamps(timestamps, named_s or 1.0, self.known_hz)
        if named_s == 1.0 and counts_up(timestamps):
            return self._counted(timestamps)
        return (timestamps - first) * unit_s, remark

    def _counted(self, timestamps: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
        """Times (T,) of a time column that only counts samples, or milliseconds at 1000 Hz."""
        if self.known_hz is None:
            raise RecordingError(
                f"{self.name} has a time column that counts 0, 1, 2: its rate is unknown",
                remedy="Give the rate with --rate, 1000 if the column counts milliseconds",
            )
        return (timestamps - timestamps[0]) / self.known_hz, "the time column counts the samples"

    def _seconds_and_milliseconds(self, column: int, numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Times (T,) of two columns, X_s with whole seconds and X_ms with milliseconds; None if there are none."""
        name = self.text.header[column]
        rest = f"{name[:-1]}ms"
        if not name.endswith("_s") or rest not in self.text.header:
            return None
        timestamps, milliseconds = numbers[:, column], numbers[:, self.text.header.index(rest)]
        if np.nanmax(milliseconds) >= 1000 or np.any(timestamps % 1):
            return None
        return timestamps + milliseconds / 1e3
