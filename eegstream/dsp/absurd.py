"""Find finite samples that no electrode and no converter gives, such as 1e20 µV from a corrupted packet.

One such sample makes a high-pass ring for many seconds. C channels, T samples in a chunk, in µV.
"""

import numpy as np
from numpy.typing import NDArray

LARGEST_UV = 1e16
"""Larger magnitudes are not samples. Counts of 32 bits lie below, also if their unit is stated as volts."""
_SURE_STEP_UV = 1e7
"""A step up to this size is never absurd: 10 V, and more than half the range of a 24-bit converter in counts."""
_STEP_RATIO = 1e5
"""An absurd step is larger than this multiple of the largest step so far."""
_LEARNED_S, _FEWEST = 0.25, 16
"""Steps are judged after this many seconds, and this many samples, of the channel."""
_LONGEST_RUN = 3
"""Longest run of absurd samples; after more of them, the signal is at a new level."""

Floats = NDArray[np.float64]


class AbsurdSamples:
    """Turn absurd samples into NaN, for each channel apart; other samples stay as they are.

    A sample is absurd if it is beyond `LARGEST_UV`, or if its step from the last accepted sample is larger than 10 V
    and than 100 000 times the largest step so far. After three absurd samples in a row, the next one is accepted,
    because the signal may have a new level. Then the steps between those samples count, and the step to them does not.
    The state starts anew with each segment.
    """

    def __init__(self, rate_hz: float, n_channels: int) -> None:
        self._n_channels = n_channels
        self._learned = max(_FEWEST, round(_LEARNED_S * rate_hz))
        self.reset()

    def reset(self) -> None:
        """Forget the past; called at the start of a segment."""
        self._last = np.full((self._n_channels, 1), np.nan)
        """(C, 1), the last accepted sample; NaN before the first."""
        self._largest_step = np.zeros(self._n_channels)
        """(C,), between accepted samples."""
        self._accepted = np.zeros(self._n_channels, np.int64)
        """(C,), number of accepted samples."""
        self._runs: dict[int, list[float]] = {}
        """The absurd samples since the last accepted one, by channel; only channels that have some."""
        self._bound_uv = 0.0
        """No accepted sample so far is larger."""

    @np.errstate(invalid="ignore", over="ignore")
    def push(self, x_uv: Floats) -> Floats:
        """Return the chunk (C, T) with NaN in place of absurd samples.

        If every sample is finite and none is absurd, it is the same array.
        """
        if not x_uv.size:
            return x_uv
        together = np.concatenate((self._last, x_uv), axis=1)
        steps = together[:, 1:] - together[:, :-1]
        largest = np.maximum.reduce(np.abs(steps, out=steps), axis=1)
        most = float(np.maximum.reduce(largest))
        if self._runs or not (most <= _SURE_STEP_UV and self._stays_within(x_uv.shape[1] * most)):
            return self._push_closely(x_uv, largest)
        np.maximum(self._largest_step, largest, out=self._largest_step)
        self._accepted += x_uv.shape[1]
        self._last = together[:, -1:]
        return x_uv

    def _stays_within(self, way_uv: float) -> bool:
        """Whether samples that step by at most `way_uv` in all stay within the absolute limit."""
        self._bound_uv += way_uv
        if self._bound_uv > LARGEST_UV:
            self._bound_uv = float(np.abs(self._last).max()) + way_uv
        return self._bound_uv <= LARGEST_UV

    def _push_closely(self, x_uv: Floats, largest: Floats) -> Floats:
        """As `push`, for a chunk that has large steps or is not finite; `largest` (C,) are the largest steps."""
        reached = np.abs(self._last[:, 0]) + x_uv.shape[1] * largest
        usual = largest <= np.maximum(_SURE_STEP_UV, _STEP_RATIO * self._largest_step)  # false if one is NaN
        usual &= reached <= LARGEST_UV
        usual[list(self._runs)] = False
        self._bound_uv = np.inf
        judged = x_uv.copy()
        for channel in np.flatnonzero(~usual):
            self._look_closely(int(channel), judged[channel])
        self._largest_step[usual] = np.maximum(self._largest_step[usual], largest[usual])
        self._accepted[usual] += x_uv.shape[1]
        self._last[usual] = x_uv[usual, -1:]
        return judged if np.isnan(judged).any() else x_uv

    def _look_closely(self, channel: int, x_uv: Floats) -> None:
        """Put NaN in place of absurd samples among the samples (T,) of one channel."""
        x_uv[~(np.abs(x_uv) <= LARGEST_UV)] = np.nan
        places = np.flatnonzero(np.isfinite(x_uv))
        samples = x_uv[places]
        done = 0
        while done < samples.size:
            if channel not in self._runs:
                done += self._accept_usual(channel, samples[done:])
            if done < samples.size:
                if self._is_next_absurd(channel, float(samples[done])):
                    x_uv[places[done]] = np.nan
                done += 1

    def _accept_usual(self, channel: int, samples: Floats) -> int:
        """Accept the samples (K,) of one channel before the first absurd one; return how many these are."""
        steps = np.abs(np.diff(samples, prepend=self._last[channel]))
        largest = np.fmax.accumulate(np.concatenate(([self._largest_step[channel]], steps)))
        is_learned = self._accepted[channel] + np.arange(samples.size) >= self._learned
        absurd = is_learned & (steps > _SURE_STEP_UV) & (steps > _STEP_RATIO * largest[:-1])
        count = int(absurd.argmax()) if absurd.any() else samples.size
        if count:
            self._accept(channel, float(samples[count - 1]), float(largest[count]), count)
        if count < samples.size:
            self._runs[channel] = []
        return count

    def _is_next_absurd(self, channel: int, sample: float) -> bool:
        """Judge one sample at the start of a run of absurd samples, or in it."""
        run = self._runs[channel]
        step, largest = abs(sample - float(self._last[channel, 0])), float(self._largest_step[channel])
        is_absurd = step > _SURE_STEP_UV and step > _STEP_RATIO * largest
        if is_absurd and len(run) < _LONGEST_RUN:
            run.append(sample)
            return True
        if is_absurd:
            step = float(np.abs(np.diff([*run, sample])).max())
        del self._runs[channel]
        self._accept(channel, sample, max(largest, step), 1)
        return False

    def _accept(self, channel: int, last: float, largest_step: float, count: int) -> None:
        self._last[channel] = last
        self._largest_step[channel] = largest_step
        self._accepted[channel] += count
