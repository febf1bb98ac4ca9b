"""A long public building: columns under a pediment, rows of windows, a hipped roof."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, plain, stone, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import box, cylinder, moved

TURN = np.radians(-24)
WINDOWS = [-5.6, -4.6, -3.6, -2.6, 2.6, 3.6, 4.6, 5.6]


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(sun=(0.75, 0.62, 0.85), sunlight=(3.1, 2.6, 1.9), skylight=(0.30, 0.39, 0.54))
    around = ((0.0, 2.0, 0.0), 8.6)
    parts = [
        Part(_walls, stone((0.60, 0.52, 0.40), course=0.36), around),
        Part(_portico, stone((0.66, 0.62, 0.54), course=0.5, contrast=0.06), around),
        Part(_roof, plain((0.36, 0.15, 0.09), 0.25), around),
        Part(_glass, lambda p, n: np.full_like(p, 0.03) + n[:, 1:2] * 0.02, around),
        lawn(),
        *(
            tree((x, -0.2, z), height, width, seed)
            for seed, (x, z, height, width) in enumerate(
                [
                    (-7.2, 5.5, 3.4, 3.6),
                    (7.4, 4.2, 2.6, 3.2),
                    (-10.5, -5.0, 7.0, 6.5),
                    (9.8, -8.0, 6.8, 6.0),
                    (-3.2, 5.2, 0.9, 1.3),
                    (4.1, 4.2, 0.9, 1.3),
                ]
            )
        ),
    ]
    camera = Camera((0.0, 1.8, 19.0), (0.0, 1.8, 0.0), fov=47, shift=0.14)
    return Scene(parts, camera, day_sky(clouds=0.55, seed=21.0), light)


def _local(p: Array) -> Array:
    """From the building's own point of view, its front along z."""
    return moved(p, (0, 0, 0), TURN)


def _walls(p: Array) -> Array:
    q = _local(p)
    base = box(moved(q, (0, 0.3, 0)), (6.6, 0.3, 2.7))
    wall = box(moved(q, (0, 2.3, 0)), (6.4, 1.9, 2.5))
    for y, half in ((1.35, 0.42), (2.95, 0.48)):
        for x in WINDOWS:
            wall = np.maximum(wall, -box(moved(q, (x, y, 2.5)), (0.26, half, 0.22)))
        for z in (-1.5, -0.5, 0.5, 1.5):
            side = moved(np.abs(q) * [1, 0, 0] + q * [0, 1, 1], (6.4, y, z))
            wall = np.maximum(wall, -box(side, (0.22, half, 0.26)))
    cornice = box(moved(q, (0, 4.2, 0)), (6.65, 0.13, 2.75))
    band = box(moved(q, (0, 2.1, 0)), (6.46, 0.07, 2.56))
    return np.minimum.reduce([base, wall, cornice, band]).astype(np.float32)


def _portico(p: Array) -> Array:
    q = _local(p)
    solids = [
        box(moved(q, (0, 0.15, 4.0)), (2.5, 0.15, 1.7)),
        box(moved(q, (0, 0.45, 3.6)), (2.3, 0.15, 1.3)),
        box(moved(q, (0, 4.15, 3.3)), (2.2, 0.24, 1.1)),
    ]
    mirrored = np.stack([np.abs(q[:, 0]), q[:, 1], q[:, 2]], axis=1)
    for x in (0.62, 1.9):
        solids.append(cylinder(moved(mirrored, (x, 2.3, 4.1)), 0.21, 1.7))
        solids.append(box(moved(mirrored, (x, 3.85, 4.1)), (0.28, 0.09, 0.28)))
        solids.append(box(moved(mirrored, (x, 0.66, 4.1)), (0.28, 0.07, 0.28)))
    # The pediment: a triangle drawn out along z.
    gable = moved(mirrored, (0, 4.39, 3.3))
    slope = (gable[:, 0] * 0.45 + gable[:, 1] - 0.45 * 2.35) * np.float32(0.91)
    depth = np.abs(gable[:, 2]) - np.float32(1.2)
    solids.append(np.maximum.reduce([slope, -gable[:, 1], depth]))
    return np.minimum.reduce(solids).astype(np.float32)


def _roof(p: Array) -> Array:
    q = moved(_local(p), (0, 4.33, 0))
    long, short = np.abs(q[:, 0]) - 6.7, np.abs(q[:, 2]) - 2.8
    slope = np.maximum(long, short) * 0.55 + q[:, 1]
    tiles = 0.02 * np.sin(np.where(long > short, q[:, 2], q[:, 0]) * 16)
    return np.maximum((slope - tiles) * 0.8, np.maximum(-q[:, 1], q[:, 1] - 1.5)).astype(np.float32)


def _glass(p: Array) -> Array:
    q = _local(p)
    front = box(moved(q, (0, 2.2, 0)), (6.3, 1.7, 2.36))
    door = box(moved(q, (0, 1.6, 2.5)), (0.55, 1.15, 0.03))
    return np.minimum(front, door)
