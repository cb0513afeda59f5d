"""A stream whose device counts its samples in one of the channels.

A channels of the source, T samples in a chunk.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.counter import Lost, Passed, Piece, SampleCounter
from eegstream.dsp.untimed import Arrivals, some_of
from eegstream.events import Event
from eegstream.pipeline import StreamPipeline
from eegstream.wire.reasons import EndReason


class CountedPipeline:
    """A `StreamPipeline` whose borders are those of the counter in channel number `channel`, called `label`.

    Where the counter jumps, a new segment begins, and `missing` is exact. Where it goes on, no sample is missing,
    whatever the timestamps say. Samples that repeat the count before them are received and discarded.
    """

    def __init__(self, pipeline: StreamPipeline, channel: int, label: str) -> None:
        self._pipeline, self._channel, self._label = pipeline, channel, label
        self._counter = SampleCounter(pipeline.rate_hz)
        self._waiting: deque[tuple[NDArray[np.generic], NDArray[np.float64], Arrivals]] = deque()
        """Chunks that the counter has not decided yet."""

    @property
    def rate_hz(self) -> float:
        """The rate that samples are taken at."""
        return self._pipeline.rate_hz

    @property
    def delay_s(self) -> float:
        """Seconds that a patch waits after its last sample, by design of the resampler."""
        return self._pipeline.delay_s

    @property
    def segment(self) -> int:
        """Number of the running segment."""
        return self._pipeline.segment

    @property
    def changed_rate_hz(self) -> float | None:
        """The stream's new rate, if it changed; else None."""
        return self._pipeline.changed_rate_hz

    @property
    def remark(self) -> str | None:
        """All of `remarks` as one text; None if all is well."""
        return "; ".join(self.remarks) or None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of the counter and of the signal."""
        if self._counter.is_obeyed:
            return self._pipeline.remarks
        told = f"the channel {self._label} is not used as a counter: its numbers do not rise by one step per sample"
        return (told, *self._pipeline.remarks)

    @property
    def mains_share(self) -> dict[str, float | None] | None:
        """The share of energy that is mains, by line, over the last seconds; None before it is known."""
        return self._pipeline.mains_share

    def push(self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: Arrivals) -> list[Event]:
        """Take a chunk (A, T) in the source's units with its timestamps (T,); return what it completes, in order."""
        if not len(timestamps_s):
            return []
        self._waiting.append((raw, timestamps_s, arrived_s))
        return self._take(self._counter.push(raw[self._channel].astype(np.float64)))

    def overflow(self, dropped: int) -> list[Event]:
        """End the segment because `dropped` samples were received but could not be queued."""
        return self._interrupt() + self._pipeline.overflow(dropped)

    def pause(self) -> list[Event]:
        """End the segment because the source paused here for an unknown time."""
        return self._interrupt() + self._pipeline.pause()

    def give_up(self) -> list[Event]:
        """End the segment because the encoder failed."""
        return self._interrupt() + self._pipeline.give_up()

    def finish(self, reason: EndReason) -> list[Event]:
        """End the epoch; nothing may be pushed afterwards."""
        return self._interrupt() + self._pipeline.finish(reason)

    def _interrupt(self) -> list[Event]:
        """Decide the samples that wait; the next count may be any."""
        events = self._take(self._counter.flush())
        self._counter.restart()
        return events

    def _take(self, pieces: list[Piece]) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, Lost):
                events += self._pipeline.note_loss(piece.missing, piece.modulus)
                continue
            if isinstance(piece, Passed):
                self._pipeline.count_by(piece.modulus, is_counted=piece.counted)
            for raw, timestamps_s, arrived_s in self._next(piece.count):
                if isinstance(piece, Passed):
                    events += self._pipeline.push(raw, timestamps_s, arrived_s)
                else:
                    self._pipeline.drop(len(timestamps_s))
        return events

    def _next(self, count: int) -> list[tuple[NDArray[np.generic], NDArray[np.float64], Arrivals]]:
        """The oldest `count` samples that wait, as chunks."""
        chunks = []
        while count:
            raw, timestamps_s, arrived_s = self._waiting.popleft()
            if len(timestamps_s) > count:
                rest = slice(count, None)
                self._waiting.appendleft((raw[:, rest], timestamps_s[rest], some_of(arrived_s, rest)))
                part = slice(count)
                raw, timestamps_s, arrived_s = raw[:, part], timestamps_s[part], some_of(arrived_s, part)
            count -= len(timestamps_s)
            chunks.append((raw, timestamps_s, arrived_s))
        return chunks
