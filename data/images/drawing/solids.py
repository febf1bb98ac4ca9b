"""Signed distances to solids: negative inside, in the scene's own units, y upwards.

Every function takes points p [n, 3] and returns [n]. Distances may be too short, never too long,
so that a ray that steps by them meets every surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[Any]
Distances = NDArray[Any]


def moved(p: Points, by: Sequence[float], turn: float = 0.0) -> Points:
    """p as seen from a solid that stands at `by`, turned by `turn` radians about the vertical."""
    local = p - np.asarray(by, dtype=np.float32)
    if turn:
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        x, z = local[:, 0], local[:, 2]
        local = np.stack([c * x - s * z, local[:, 1], s * x + c * z], axis=1)
    return local


def folded(p: Points) -> Points:
    """p turned onto one face of a tower that looks the same from four sides.

    x is then the distance along the face's width, never negative; z that from the axis, outwards.
    """
    x, z = np.abs(p[:, 0]), np.abs(p[:, 2])
    return np.stack([np.minimum(x, z), p[:, 1], np.maximum(x, z)], axis=1)


def box(p: Points, half: Sequence[float], radius: float = 0.0) -> Distances:
    """Centred, with half extents `half` and edges rounded by `radius`."""
    q = np.abs(p) - (np.asarray(half, dtype=np.float32) - np.float32(radius))
    outside = np.sqrt((np.maximum(q, 0) ** 2).sum(axis=1))
    return outside + np.minimum(q.max(axis=1), 0) - np.float32(radius)


def sphere(p: Points, radius: float) -> Distances:
    return np.sqrt((p * p).sum(axis=1)) - np.float32(radius)


def ellipsoid(p: Points, radii: Sequence[float]) -> Distances:
    """A bound that is exact on the surface."""
    r = np.asarray(radii, dtype=np.float32)
    near = np.sqrt(((p / r) ** 2).sum(axis=1))
    far = np.sqrt(((p / (r * r)) ** 2).sum(axis=1))
    return near * (near - 1) / np.maximum(far, np.float32(1e-6))


def cylinder(p: Points, radius: float, half_height: float) -> Distances:
    """Upright and centred."""
    across = np.sqrt(p[:, 0] ** 2 + p[:, 2] ** 2) - np.float32(radius)
    return _rim(across, np.abs(p[:, 1]) - np.float32(half_height))


def cone(p: Points, low: float, high: float, height: float) -> Distances:
    """Upright on y = 0, with radius `low` there and `high` at y = height."""
    across = np.sqrt(p[:, 0] ** 2 + p[:, 2] ** 2)
    return _tapered(across, p[:, 1], low, high, height)


def pyramid(p: Points, low: float, high: float, height: float) -> Distances:
    """Square and upright on y = 0, half as wide as `low` there and as `high` at y = height."""
    across = np.maximum(np.abs(p[:, 0]), np.abs(p[:, 2]))
    return _tapered(across, p[:, 1], low, high, height)


def arch(p: Points, half_width: float, height: float, half_depth: float) -> Distances:
    """An opening with a round top, upright on y = 0, along z. height: with the round part."""
    spring = height - half_width
    above = np.maximum(p[:, 1] - np.float32(spring), 0)
    across = np.sqrt(p[:, 0] ** 2 + above**2) - np.float32(half_width)
    return np.maximum(np.maximum(across, -p[:, 1]), np.abs(p[:, 2]) - np.float32(half_depth))


def capsule(p: Points, start: Sequence[float], end: Sequence[float], radius: float) -> Distances:
    """A rod with round ends."""
    a, b = (np.asarray(point, dtype=np.float32) for point in (start, end))
    along = np.clip((p - a) @ (b - a) / np.float32((b - a) @ (b - a)), 0, 1)
    away = p - a - along[:, None] * (b - a)
    return np.sqrt((away * away).sum(axis=1)) - np.float32(radius)


def blend(distances: Sequence[Distances], softness: float) -> Distances:
    """The union of solids, its inner edges filled over a width of about `softness`."""
    joined = distances[0]
    for distance in distances[1:]:
        overlap = np.clip(np.float32(softness) - np.abs(joined - distance), 0, None)
        joined = np.minimum(joined, distance) - overlap**2 / np.float32(4 * softness)
    return joined


def _tapered(across: Distances, y: Distances, low: float, high: float, height: float) -> Distances:
    steepness = np.float32(height / np.hypot(height, low - high))
    wall = (across - np.float32(low) + y * np.float32((low - high) / height)) * steepness
    return np.maximum(wall, np.maximum(-y, y - np.float32(height)))


def _rim(across: Distances, along: Distances) -> Distances:
    outside = np.sqrt(np.maximum(across, 0) ** 2 + np.maximum(along, 0) ** 2)
    return outside + np.minimum(np.maximum(across, along), 0)
