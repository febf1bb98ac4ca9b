"""A stone gate with a bronze arch and lamps over a path."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, plain, stone, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import box, cylinder, moved, pyramid, sphere
from drawing.texture import fractal_noise, mix

PILLARS = (1.75, 4.3)


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(sun=(-0.7, 0.75, 0.8), sunlight=(3.0, 2.55, 1.9), skylight=(0.30, 0.39, 0.54))
    around = ((0.0, 2.6, 0.0), 6.2)
    parts = [
        Part(_pillars, stone((0.50, 0.455, 0.385), course=0.42), around),
        Part(_bronze, plain((0.10, 0.17, 0.13), 0.3), around),
        Part(_lamps, lambda p, n: np.full_like(p, 0.92), around),
        Part(_path, _paving, ((0.0, 0.0, 0.0), 60.0), role="ground"),
        lawn(),
        *(
            tree((x, -0.3, z), height, width, seed)
            for seed, (x, z, height, width) in enumerate(
                [
                    (-6.4, -2.5, 4.2, 4.4),
                    (6.6, -2.5, 4.6, 4.6),
                    (-4.2, -9.0, 6.0, 5.6),
                    (4.6, -10.0, 6.6, 6.0),
                    (-9.5, -7.0, 7.5, 7.0),
                    (9.8, -7.0, 7.8, 7.0),
                    (-3.1, -0.6, 0.9, 1.2),
                    (3.1, -0.6, 0.9, 1.2),
                    (0.5, -26.0, 6.0, 9.0),
                ]
            )
        ),
    ]
    camera = Camera((0.6, 1.7, 13.5), (0.25, 1.7, 0.0), fov=43, shift=0.16)
    return Scene(parts, camera, day_sky(clouds=0.5, seed=12.0), light)


def _mirrored(p: Array) -> Array:
    return np.stack([np.abs(p[:, 0]), p[:, 1], p[:, 2]], axis=1)


def _pillars(p: Array) -> Array:
    q = _mirrored(p)
    solids = []
    for x, height in zip(PILLARS, (4.1, 3.0), strict=True):
        pillar = moved(q, (x, 0, 0))
        shaft = box(moved(pillar, (0, height / 2, 0)), (0.46, height / 2, 0.46))
        panel = box(moved(pillar, (0, height / 2 + 0.1, 0.46)), (0.26, height / 2 - 0.75, 0.06))
        solids.append(np.maximum(shaft, -panel))
        solids.append(box(moved(pillar, (0, 0.25, 0)), (0.62, 0.25, 0.62)))
        solids.append(box(moved(pillar, (0, height, 0)), (0.62, 0.12, 0.62)))
        solids.append(box(moved(pillar, (0, height - 0.3, 0)), (0.53, 0.06, 0.53)))
        solids.append(pyramid(moved(pillar, (0, height + 0.12, 0)), 0.45, 0.16, 0.3))
    solids.append(box(moved(q, (3.0, 0.3, 0)), (0.85, 0.3, 0.2)))
    return np.minimum.reduce(solids)


def _bronze(p: Array) -> Array:
    q = _mirrored(p)
    across, y = q[:, 0], q[:, 1] - np.float32(3.45)
    thickness = np.abs(p[:, 2]) - np.float32(0.09)
    radius = np.hypot(across, y * 1.05)
    solids = []
    # Two bars of the arch, and rods between them.
    for middle in (1.28, 1.95):
        bar = np.abs(radius - middle) - np.float32(0.075)
        solids.append(np.maximum.reduce([bar, thickness, -y - np.float32(0.1)]))
    angle = np.arctan2(y, across)
    sector = (angle / (np.pi / 20) - np.round(angle / (np.pi / 20))) * (np.pi / 20) * radius
    rods = np.maximum(np.abs(sector) - np.float32(0.028), np.abs(radius - 1.6) - np.float32(0.3))
    solids.append(np.maximum.reduce([rods, thickness + 0.04, -y - np.float32(0.1)]) * 0.7)
    # The ornament on top: a disc with a star's point.
    top = moved(p, (0, 5.55, 0))
    facing = np.stack([top[:, 0], top[:, 2], top[:, 1]], axis=1)
    solids.append(cylinder(facing, 0.36, 0.1))
    solids.append(pyramid(moved(top, (0, 0.3, 0)), 0.13, 0.01, 0.5))
    # Side fences, between the pillars and beyond.
    rail = np.maximum(np.abs(q[:, 0] - np.float32(3.0)) - np.float32(0.85), thickness + 0.03)
    for height in (0.75, 2.1):
        solids.append(np.maximum(rail, np.abs(q[:, 1] - np.float32(height)) - np.float32(0.05)))
    rod = np.abs(q[:, 0] / 0.24 - np.round(q[:, 0] / 0.24)) * 0.24 - np.float32(0.03)
    upright = np.abs(q[:, 1] - np.float32(1.4)) - np.float32(0.9)
    solids.append(np.maximum.reduce([rail, rod, upright]))
    return np.minimum.reduce(solids).astype(np.float32)


def _lamps(p: Array) -> Array:
    q = _mirrored(p)
    return np.minimum(
        sphere(moved(q, (PILLARS[0], 4.82, 0)), 0.34), sphere(moved(q, (PILLARS[1], 3.7, 0)), 0.3)
    )


def _path(p: Array) -> Array:
    edge = np.abs(p[:, 0]) - np.float32(1.75) - 0.02 * np.abs(p[:, 2])
    return np.maximum(p[:, 1] - np.float32(0.03), edge * 0.7).astype(np.float32)


def _paving(p: Array, normals: Array) -> Array:
    fine = fractal_noise(p[:, 0] * 3, p[:, 2] * 3, octaves=4)
    slab = (np.floor(p[:, 0] / 0.7) + np.floor(p[:, 2] / 0.7)) % 2
    return mix(
        np.array([0.20, 0.15, 0.12], dtype=np.float32),
        np.array([0.42, 0.36, 0.30], dtype=np.float32),
        np.clip(0.25 * slab + 0.75 * fine, 0, 1).astype(np.float32),
    )
