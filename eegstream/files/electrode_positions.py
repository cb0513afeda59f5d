"""Where electrodes lie on the head: a unit sphere, x to the right ear, y to the nose, z up."""

import numpy as np
from numpy.typing import NDArray

MAX_ELECTRODES = 256

# Idealised inclination from Cz and azimuth from the right ear to the nose (degrees), one name per pair of electrodes.
_PAIRS = """
Fp1,92,72 AF7,92,54 AF3,74,65 F7,92,36 F5,75,41 F3,60,51 F1,50,68 FT7,92,18 FC5,72,21 FC3,50,28 FC1,32,45
T7,92,0 C5,69,0 C3,46,0 C1,23,0 TP9,113,-18 TP7,92,-18 CP5,72,-21 CP3,50,-28 CP1,32,-45
P7,92,-36 P5,75,-41 P3,60,-51 P1,50,-68 PO7,92,-54 PO3,74,-65 O1,92,-72
"""
_MIDLINE = "Fpz,92,90 AFz,69,90 Fz,46,90 FCz,23,90 Cz,0,90 CPz,23,-90 Pz,46,-90 POz,69,-90 Oz,92,-90 Iz,115,-90"
_FIRST = ("Fp1", "Fp2", "O1", "O2", "C3", "C4", "T7", "T8", "F3", "F4", "P3", "P4", "F7", "F8", "P7", "P8")
"""Ordered so that the first few electrodes already cover the head; with three of the midline: the 10-20 system."""


def _points(table: str, side: int) -> dict[str, tuple[float, float, float]]:
    """Positions of a table's electrodes: `side` is -1 for left, 1 for right (F3 becomes F4), 0 for the midline."""
    points = {}
    for row in table.split():
        label, inclination, azimuth = row.split(",")
        down, around = np.radians((float(inclination), float(azimuth)))
        if side == 1:
            name = label.rstrip("0123456789")
            label = f"{name}{int(label.removeprefix(name)) + 1}"
        out = np.sin(down)
        points[label] = (float(side * out * np.cos(around)), float(out * np.sin(around)), float(np.cos(down)))
    return points


_POINTS = {**_points(_PAIRS, -1), **_points(_PAIRS, 1), **_points(_MIDLINE, 0)}
_TEN_TWENTY = (*_FIRST, "Fz", "Cz", "Pz")
_ORDER = (*_TEN_TWENTY, *(label for label in _POINTS if label not in _TEN_TWENTY))


def head_labels(n_channels: int) -> tuple[str, ...]:
    """(C,) names: the 10-20 system first, then the 10-10 system, then "ch65" and so on."""
    return (*_ORDER[:n_channels], *(f"ch{number}" for number in range(len(_ORDER) + 1, n_channels + 1)))


def electrode(label: str) -> NDArray[np.float64]:
    """(3,) position of an electrode of the 10-10 system."""
    return np.array(_POINTS[label])


def head_positions(n_channels: int) -> NDArray[np.float64]:
    """(C, 3) positions of `head_labels`; electrodes beyond the 10-10 system are spread evenly."""
    named = np.array([_POINTS[label] for label in _ORDER])
    return np.concatenate((named, even_positions(MAX_ELECTRODES - len(named))))[:n_channels]


def even_positions(count: int) -> NDArray[np.float64]:
    """(count, 3) positions spread evenly over the part of the sphere that has electrodes."""
    steps = np.arange(count)
    up = 1 - 1.2 * (steps + 0.5) / count
    around = steps * np.pi * (3 - np.sqrt(5))
    out = np.sqrt(1 - up**2)
    return np.stack((out * np.cos(around), out * np.sin(around), up), axis=1)


def falloff(positions: NDArray[np.float64], centres: NDArray[np.float64], width_rad: float) -> NDArray[np.float64]:
    """(C, S) strength at `positions` (C, 3) of sources at `centres` (S, 3): a Gaussian of the angle (at most 1)."""
    angles = np.arccos(np.clip(positions @ centres.T, -1, 1))
    return np.exp(-0.5 * (angles / width_rad) ** 2)
