"""A bell tower with clocks and a pointed roof among trees: the picture most figures begin with."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, stone, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import arch, box, cone, cylinder, folded, moved, pyramid, sphere

TURN = np.radians(38)
BELFRY = 10.6


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(sun=(-0.95, 0.66, 0.66), sunlight=(3.0, 2.5, 1.8), skylight=(0.30, 0.39, 0.54))
    around = ((0.0, 8.0, 0.0), 10.0)
    parts = [
        Part(_masonry, _granite, around),
        Part(_clocks, _clock_face, ((0.0, 9.7, 0.0), 2.4)),
        Part(_roof, stone((0.27, 0.16, 0.12), course=0.26, contrast=0.3), ((0, 15.0, 0), 3.6)),
        Part(_darkness, lambda p, n: np.full_like(p, 0.035), ((0.0, 9.0, 0.0), 9.0)),
        lawn(),
        *(
            tree((x, -0.3, z), height, width, seed)
            for seed, (x, z, height, width) in enumerate(
                [
                    (-5.6, 3.5, 5.0, 5.0),
                    (-2.4, 4.6, 2.6, 3.2),
                    (3.2, 4.2, 3.2, 4.2),
                    (6.6, 3.0, 5.6, 5.0),
                    (0.6, 5.4, 1.7, 2.6),
                    (-9.5, -5.0, 6.5, 7.0),
                    (9.5, -6.0, 6.2, 7.0),
                    (3.6, -6.0, 4.2, 5.0),
                    (-4.2, -7.0, 4.4, 5.0),
                ]
            )
        ),
    ]
    camera = Camera((0.0, 2.2, 30.0), (0.0, 2.2, 0.0), fov=32.5, shift=0.408)
    return Scene(parts, camera, day_sky(clouds=0.42, seed=7.3), light)


def _masonry(p: Array) -> Array:
    local = moved(p, (0, 0, 0), TURN)
    q = folded(local)
    plinth = box(moved(q, (0, 0.5, 0)), (1.5, 0.5, 1.5))
    shaft = box(moved(q, (0, 4.7, 0)), (1.16, 4.4, 1.16))
    for x in (0.0, 0.62):
        shaft = np.maximum(shaft, -box(moved(q, (x, 4.9, 1.2)), (0.16, 3.4, 0.1)))
    clock_stage = box(moved(q, (0, 9.8, 0)), (1.2, 0.9, 1.2))
    belfry = box(moved(q, (0, BELFRY + 1.4, 0)), (1.12, 1.4, 1.12))
    belfry = np.maximum(belfry, -box(moved(q, (0, BELFRY + 1.3, 0)), (0.86, 1.1, 0.86)))
    for x in (0.0, 0.6):
        belfry = np.maximum(belfry, -arch(moved(q, (x, BELFRY + 0.35, 1.0)), 0.21, 1.95, 0.5))
    upper = box(moved(q, (0, 14.0, 0)), (0.84, 0.55, 0.84))
    solids = [plinth, shaft, clock_stage, belfry, upper]
    for y, half, thickness in [(8.95, 1.33, 0.1), (10.62, 1.36, 0.12), (13.42, 1.38, 0.15)]:
        solids.append(box(moved(q, (0, y, 0)), (half, thickness, half)))
    # Pinnacles on the four corners, and a parapet between them.
    corner = np.stack([np.abs(local[:, 0]), local[:, 1], np.abs(local[:, 2])], axis=1)
    corner = moved(corner, (1.17, 13.5, 1.17))
    solids.append(box(moved(corner, (0, 0.3, 0)), (0.19, 0.3, 0.19)))
    solids.append(pyramid(moved(corner, (0, 0.6, 0)), 0.22, 0.02, 0.85))
    solids.append(box(moved(q, (0, 13.7, 1.22)), (1.1, 0.16, 0.07)))
    return np.minimum.reduce(solids)


def _granite(p: Array, normals: Array) -> Array:
    return stone((0.58, 0.52, 0.42), course=0.3)(
        moved(p, (0, 0, 0), TURN), moved(normals, (0, 0, 0), TURN)
    )


def _roof(p: Array) -> Array:
    local = moved(p, (0, 14.55, 0), TURN)
    eaves = box(moved(local, (0, 0.05, 0)), (0.95, 0.08, 0.95))
    point = pyramid(local, 0.92, 0.1, 2.9)
    lantern = cylinder(moved(local, (0, 3.0, 0)), 0.12, 0.25)
    tip = cone(moved(local, (0, 3.2, 0)), 0.16, 0.01, 0.55)
    return np.minimum.reduce([eaves, point, lantern, tip, sphere(moved(local, (0, 3.8, 0)), 0.06)])


def _clocks(p: Array) -> Array:
    q = folded(moved(p, (0, 9.78, 0), TURN))
    # A cylinder stands upright, so the face is turned to lie along y.
    facing = np.stack([q[:, 0], q[:, 2] - np.float32(1.2), q[:, 1]], axis=1)
    return cylinder(facing, 0.66, 0.06)


def _clock_face(p: Array, normals: Array) -> Array:
    local = moved(p, (0, 9.78, 0), TURN)
    turned = moved(normals, (0, 0, 0), TURN)
    along = np.where(
        np.abs(turned[:, 0]) > np.abs(turned[:, 2]),
        -np.sign(turned[:, 0]) * local[:, 2],
        np.sign(turned[:, 2]) * local[:, 0],
    )
    across, up = along, local[:, 1]
    radius = np.hypot(across, up)
    angle = np.arctan2(across, up)
    ink = (radius > 0.58) | _hand(across, up, np.radians(305), 0.3) | _hand(across, up, 1.0, 0.46)
    hours = np.abs((angle / (np.pi / 6)) - np.round(angle / (np.pi / 6))) * radius < 0.045
    ink |= hours & (radius > 0.47) & (radius < 0.56)
    return np.where(ink[:, None], 0.05, np.array([0.92, 0.9, 0.82])).astype(np.float32)


def _hand(across: Array, up: Array, angle: float, length: float) -> Array:
    ahead = across * np.sin(angle) + up * np.cos(angle)
    aside = across * np.cos(angle) - up * np.sin(angle)
    return (np.abs(aside) < 0.04) & (ahead > -0.08) & (ahead < length)


def _darkness(p: Array) -> Array:
    """Behind the windows of the shaft, and the bell in the belfry."""
    local = moved(p, (0, 0, 0), TURN)
    q = folded(local)
    slits = [
        box(moved(q, (x, y, 1.06)), (0.08, 0.36, 0.06))
        for x in (0.0, 0.62)
        for y in (2.6, 4.2, 5.8, 7.4)
    ]
    bell = cone(moved(local, (0, BELFRY + 0.8, 0)), 0.5, 0.2, 0.8)
    return np.minimum.reduce([*slits, bell])
