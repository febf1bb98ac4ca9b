"""A slim observation tower on three legs, with a saucer on top, above a town park."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, plain, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import box, cone, cylinder, ellipsoid, moved

SAUCER = 12.4


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(sun=(-0.9, 0.55, 0.5), sunlight=(3.0, 2.35, 1.6), skylight=(0.30, 0.38, 0.54))
    parts = [
        Part(_legs, plain((0.62, 0.61, 0.58), 0.06), ((0.0, 7.0, 0.0), 8.0)),
        Part(_saucer, _decks, ((0.0, SAUCER + 0.6, 0.0), 3.6)),
        Part(_mast, plain((0.62, 0.25, 0.10)), ((0.0, SAUCER + 3.0, 0.0), 2.6)),
        *(
            Part(_block(x, z, width, height), _offices(shade), ((x, height / 2, z), height + width))
            for x, z, width, height, shade in [
                (-9.0, -14.0, 2.6, 4.6, 0.30),
                (-5.4, -18.0, 2.2, 6.4, 0.42),
                (6.2, -16.0, 2.4, 5.4, 0.36),
                (10.5, -13.0, 2.8, 3.8, 0.46),
                (2.2, -22.0, 2.6, 4.4, 0.38),
            ]
        ),
        lawn(),
        *(
            tree((x, -0.2, z), height, width, seed)
            for seed, (x, z, height, width) in enumerate(
                [
                    (-6.0, 3.0, 2.6, 3.4),
                    (5.8, 2.5, 2.9, 3.6),
                    (-3.2, 1.2, 1.5, 2.2),
                    (3.0, 1.0, 1.7, 2.4),
                    (-8.5, -4.0, 3.4, 4.0),
                    (8.4, -4.5, 3.2, 4.0),
                    (-2.6, -5.0, 2.0, 3.0),
                    (2.8, -6.0, 2.0, 3.0),
                ]
            )
        ),
    ]
    camera = Camera((0.0, 1.8, 26.0), (0.0, 1.8, 0.0), fov=37.5, shift=0.375)
    sky = day_sky(zenith=(0.12, 0.26, 0.60), clouds=0.5, seed=64.0)
    return Scene(parts, camera, sky, light)


def _spread(y: Array) -> Array:
    """How far each leg stands from the axis: wide at the foot, narrow at the waist, wider above."""
    waist = (y - np.float32(8.2)) / np.float32(8.2)
    return np.float32(0.34) + np.float32(1.25) * waist**2


def _legs(p: Array) -> Array:
    distance = _spread(np.clip(p[:, 1], 0, SAUCER))
    solids = []
    for angle in np.radians([20, 140, 260]):
        middle_x, middle_z = distance * np.cos(angle), distance * np.sin(angle)
        x, z = p[:, 0] - middle_x.astype(np.float32), p[:, 2] - middle_z.astype(np.float32)
        leg = np.maximum(np.hypot(x, z) - np.float32(0.2), np.abs(p[:, 1] - 6.0) - 6.4)
        solids.append(leg * np.float32(0.82))
    solids.append(cylinder(moved(p, (0, 6.2, 0)), 0.24, 6.2))
    for y, radius in ((3.2, 1.0), (8.2, 0.62)):
        solids.append(cylinder(moved(p, (0, y, 0)), radius, 0.09))
    solids.append(cone(p, 1.5, 1.3, 0.9))
    return np.minimum.reduce(solids).astype(np.float32)


def _saucer(p: Array) -> Array:
    q = moved(p, (0, SAUCER, 0))
    below = cone(moved(q, (0, -0.75, 0)), 0.7, 2.3, 0.75)
    deck = cylinder(moved(q, (0, 0.12, 0)), 2.9, 0.1)
    windows = cylinder(moved(q, (0, 0.5, 0)), 2.1, 0.32)
    roof = ellipsoid(moved(q, (0, 0.8, 0)), (2.75, 0.42, 2.75))
    upper = cylinder(moved(q, (0, 1.25, 0)), 1.15, 0.22)
    cap = cone(moved(q, (0, 1.4, 0)), 1.4, 0.2, 0.75)
    return np.minimum.reduce([below, deck, windows, roof, upper, cap]).astype(np.float32)


def _decks(p: Array, normals: Array) -> Array:
    y = p[:, 1] - SAUCER
    is_glass = (np.abs(y - 0.48) < 0.24) | (np.abs(y - 1.22) < 0.14)
    ribs = np.abs(np.sin(np.arctan2(p[:, 2], p[:, 0]) * 14)) > 0.2
    white = np.array([0.66, 0.65, 0.62], dtype=np.float32)
    glass = np.array([0.06, 0.09, 0.12], dtype=np.float32)
    return np.where((is_glass & ribs)[:, None], glass, white)


def _mast(p: Array) -> Array:
    return cone(moved(p, (0, SAUCER + 2.1, 0)), 0.14, 0.03, 2.6)


def _block(x: float, z: float, width: float, height: float):  # type: ignore[no-untyped-def]
    def solid(p: Array) -> Array:
        return box(moved(p, (x, height / 2, z), 0.3), (width / 2, height / 2, width / 2))

    return solid


def _offices(shade: float):  # type: ignore[no-untyped-def]
    def surface(p: Array, normals: Array) -> Array:
        along = np.where(np.abs(normals[:, 0]) > np.abs(normals[:, 2]), p[:, 2], p[:, 0])
        is_window = (np.abs(p[:, 1] / 0.5 % 1 - 0.5) < 0.28) & (np.abs(along / 0.4 % 1 - 0.5) < 0.3)
        is_window &= normals[:, 1] < 0.5
        wall = np.array([shade * 1.05, shade, shade * 0.92], dtype=np.float32)
        return np.where(is_window[:, None], np.float32(0.08), wall)

    return surface
