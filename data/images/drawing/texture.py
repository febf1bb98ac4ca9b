"""Noise that is the same on every run: fixed random lattices, smoothly joined."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

_LATTICE = 64
_VALUES: Values = np.random.default_rng(1).random((_LATTICE, _LATTICE, _LATTICE), dtype=np.float32)
_FLAT = _VALUES.ravel()


def noise(x: Values, y: Values, z: Any = 0.0) -> Values:
    """Smooth noise in [0, 1], about one bump a unit."""
    coordinates = np.broadcast_arrays(x, y, np.float32(z))
    floors = [np.floor(c) for c in coordinates]
    weights = [(c - f) ** 2 * (3 - 2 * (c - f)) for c, f in zip(coordinates, floors, strict=True)]
    others = [1 - w for w in weights]
    low = [f.astype(np.int64) % _LATTICE for f in floors]
    # Where in the flat lattice each corner's plane, row and place begin.
    steps = [
        (axis * stride, (axis + 1) % _LATTICE * stride)
        for axis, stride in zip(low, (_LATTICE**2, _LATTICE, 1), strict=True)
    ]
    total = np.zeros(coordinates[0].shape, dtype=np.float32)
    for corner in range(8):
        index, weight = np.int64(0), np.float32(1)
        for axis in range(3):
            is_high = corner >> axis & 1
            index = index + steps[axis][is_high]
            weight = weight * (weights[axis] if is_high else others[axis])
        total += weight * _FLAT.take(index)
    return total


def fractal_noise(x: Values, y: Values, z: Any = 0.0, octaves: int = 4) -> Values:
    """Noise with ever finer and weaker detail, in [0, 1]."""
    total, scale = np.zeros(np.broadcast(x, y).shape, dtype=np.float32), 0.0
    for octave in range(octaves):
        frequency, weight = np.float32(2.0**octave), 0.5**octave
        # Shifted, so that the lattices of the octaves do not lie on top of each other.
        shift = np.float32(17.3 * octave)
        total += np.float32(weight) * noise(
            x * frequency + shift, y * frequency - shift, z * frequency + shift
        )
        scale += weight
    return total / np.float32(scale)


def smooth_step(low: float, high: float, x: Values) -> Values:
    """0 below `low`, 1 above `high`, smooth between."""
    share = np.clip((x - low) / (high - low), 0, 1).astype(np.float32)
    return share * share * (3 - 2 * share)


def mix(a: Values, b: Values, share: Values) -> Values:
    """a where share is 0, b where it is 1; share: one axis less than the colours."""
    return a + (b - a) * share[..., None]
