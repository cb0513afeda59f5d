"""A device whose clock drifts and wanders, and what comes out of the signal path, against its known times."""

from dataclasses import dataclass

import numpy as np

from eegstream.dsp.resample import Grid

IMPULSE_UV = 1000.0


@dataclass(frozen=True)
class Device:
    """States `rate_hz`; its clock is fast by the share `drift`, and wanders by `wobble` with a period of 30 s."""

    rate_hz: float = 250.0
    drift: float = 0.01
    wobble: float = 1e-3
    period_s: float = 30.0
    impulse_s: float = 7.3

    def times_s(self, positions: np.ndarray) -> np.ndarray:
        """True times of samples, also of positions between them, since sample 0."""
        even_s = np.asarray(positions) / (self.rate_hz * (1 + self.drift))
        turn = 2 * np.pi / self.period_s
        return even_s + self.wobble / turn * (1 - np.cos(turn * even_s))

    def impulses(self, n_samples: int) -> np.ndarray:
        """Numbers of the samples that are impulses."""
        step = round(self.impulse_s * self.rate_hz)
        return np.arange(step, n_samples, step)

    def samples(self, first: int, count: int) -> np.ndarray:
        """Samples (1, count) from number `first` on: flat, but for impulses."""
        x = np.zeros((1, count), np.float32)
        places = self.impulses(first + count)
        x[0, places[places >= first] - first] = IMPULSE_UV
        return x


def time_errors_s(device: Device, t: np.ndarray, index: np.ndarray, hop: int, model_rate_hz: float) -> np.ndarray:
    """Told times of patches number `index`, without the first sample's time, minus the true ones."""
    grid = Grid.between(device.rate_hz, model_rate_hz)
    return t - device.times_s(index * hop * grid.down / grid.up)


def impulse_errors_s(
    device: Device, y: np.ndarray, t: np.ndarray, hop: int, model_rate_hz: float, n_samples: int
) -> np.ndarray:
    """Told times of the impulses in patches from 0 on, minus the true ones.

    `y` are the model-rate samples of all patches in a row, `t` the patches' times. A sample's time is that of its
    patch and the next one, by its place between them.
    """
    grid = Grid.between(device.rate_hz, model_rate_hz)
    errors_s = []
    for sample in device.impulses(n_samples):
        near = round(sample * grid.up / grid.down)
        if near + hop >= len(y) or near // hop + 1 >= len(t):
            break
        told_s = np.interp(top_of(y, near) / hop, np.arange(len(t)), t)
        errors_s.append(told_s - device.times_s(sample))
    return np.array(errors_s)


def top_of(y: np.ndarray, near: int, reach: int = 12) -> float:
    """Place of the largest value of the band-limited signal through samples `y`, within two samples of `near`."""
    around = np.arange(near - reach, near + reach + 1)
    places = near + np.arange(-2, 2, 0.01)
    off = places[:, None] - around
    window = np.cos(np.pi * off / (2 * reach + 6)) ** 2
    return float(places[np.argmax(np.sinc(off) * window @ y[around].astype(float))])
