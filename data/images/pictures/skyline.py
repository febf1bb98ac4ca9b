"""Skyscrapers over the trees of a park on a clear afternoon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, Solid, Surface, take
from drawing.solids import box, cone, moved, pyramid
from drawing.texture import mix, noise

# x, z, half width, height of each house, front row last.
House = tuple[float, float, float, float]
HOUSES: Sequence[House] = [
    (-13.0, -16.0, 1.6, 6.5), (-9.6, -19.0, 1.5, 10.5), (-6.2, -17.0, 1.3, 7.5),
    (-3.4, -20.0, 1.5, 12.5), (3.6, -19.0, 1.4, 11.4), (6.6, -17.0, 1.4, 8.2),
    (9.9, -20.0, 1.6, 12.0), (13.2, -17.0, 1.6, 7.2), (-11.4, -12.5, 1.2, 4.4),
    (-7.6, -12.0, 1.3, 5.8), (-4.4, -12.5, 1.1, 4.6), (-1.8, -13.5, 1.0, 6.6),
    (2.2, -13.0, 1.1, 5.0), (5.0, -12.5, 1.2, 6.4), (8.2, -12.0, 1.2, 4.6), (11.6, -12.5, 1.3, 5.6),
]  # fmt: skip
SPIRE = (0.4, -17.5)


def draw() -> Image.Image:
    return take(scene())


def scene(houses: Sequence[House] = HOUSES, spire: tuple[float, float] | None = SPIRE) -> Scene:
    """houses: as HOUSES. spire: where one stands, x and z."""
    light = Light(
        sun=(-0.9, 0.5, 0.65), sunlight=(3.0, 2.3, 1.55), skylight=(0.30, 0.38, 0.54), haze=0.0035
    )
    generator = np.random.default_rng(4)
    trees = [
        tree((x, -0.4, z), 1.6 + 1.2 * generator.random(), 2.4 + generator.random(), seed)
        for seed, (x, z) in enumerate(
            [(-10 + 2.2 * k, -7.5) for k in range(10)] + [(-7.5 + 3.1 * k, -3.5) for k in range(6)]
        )
    ]
    windows = _windows(houses)
    parts = [Part(_houses(houses), windows, ((0.0, 6.0, -16.0), 17.5))]
    if spire is not None:
        parts.append(Part(_spire(spire), windows, ((spire[0], 8.0, spire[1]), 9.5)))
    parts += [lawn(), *trees]
    camera = Camera((0.5, 1.6, 9.0), (0.3, 1.6, -16.0), fov=42, shift=0.26)
    sky = day_sky(zenith=(0.12, 0.27, 0.62), clouds=0.45, seed=171.0)
    return Scene(parts, camera, sky, light)


def _houses(houses: Sequence[House]) -> Solid:
    def solid(p: Array) -> Array:
        found = []
        for x, z, half, height in houses:
            local = moved(p, (x, 0, z))
            found.append(box(moved(local, (0, height / 2, 0)), (half, height / 2, half)))
            setback = half * 0.62
            found.append(box(moved(local, (0, height + 0.4, 0)), (setback, 0.4, setback)))
        return np.minimum.reduce(found)

    return solid


def _spire(spire: tuple[float, float]) -> Solid:
    def solid(p: Array) -> Array:
        local = moved(p, (spire[0], 0, spire[1]))
        found = [
            box(moved(local, (0, height / 2, 0)), (half, height / 2, half))
            for half, height in ((1.6, 8.0), (1.2, 11.0), (0.85, 12.8))
        ]
        found.append(pyramid(moved(local, (0, 12.8, 0)), 0.7, 0.15, 1.5))
        found.append(cone(moved(local, (0, 14.2, 0)), 0.1, 0.02, 2.2))
        return np.minimum.reduce(found)

    return solid


def _windows(houses: Sequence[House]) -> Surface:
    def surface(p: Array, normals: Array) -> Array:
        house = np.full(len(p), -1.0)
        for number, (x, z, half, _) in enumerate(houses):
            inside = (np.abs(p[:, 0] - x) < half + 0.1) & (np.abs(p[:, 2] - z) < half + 0.1)
            house[inside] = number
        tint = noise(house * 3.7, house * 1.3, 8.0)
        shade = noise(house * 2.1, house * 5.9, 21.0)
        stone = mix(
            np.array([0.50, 0.38, 0.27], dtype=np.float32),
            np.array([0.46, 0.47, 0.48], dtype=np.float32),
            np.clip(tint * 1.6 - 0.3, 0, 1).astype(np.float32),
        ) * (0.7 + 0.6 * shade)[:, None].astype(np.float32)
        along = np.where(np.abs(normals[:, 0]) > np.abs(normals[:, 2]), p[:, 2], p[:, 0])
        column, row = along / 0.34, p[:, 1] / 0.42
        is_window = (np.abs(column % 1 - 0.5) < 0.27) & (np.abs(row % 1 - 0.5) < 0.3)
        is_window &= np.abs(normals[:, 1]) < 0.5
        glass = 0.05 + 0.14 * noise(np.floor(column) * 5.3, np.floor(row) * 3.1, house)
        panes = glass[:, None] * np.array([0.8, 0.95, 1.15], dtype=np.float32)
        return np.where(is_window[:, None], panes, stone).astype(np.float32)

    return surface
