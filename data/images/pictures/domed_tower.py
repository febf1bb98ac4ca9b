"""A broad tower of pale stone with a red dome, seen past palms and low arcades."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, plain, stone, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import arch, box, cylinder, ellipsoid, folded, moved, sphere

TURN = np.radians(-32)
TOP = 10.2


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(sun=(0.95, 0.6, 0.6), sunlight=(3.1, 2.5, 1.75), skylight=(0.30, 0.38, 0.53))
    around = ((0.0, 7.0, 0.0), 8.4)
    parts = [
        Part(_masonry, stone((0.55, 0.47, 0.36), course=0.4), around),
        Part(_dome, plain((0.40, 0.10, 0.06), 0.15), ((0.0, 13.2, 0.0), 2.6)),
        Part(_glass, lambda p, n: np.full_like(p, 0.04), around),
        Part(_arcade, stone((0.50, 0.41, 0.29), course=0.3), ((0.0, 1.0, 2.0), 16.0)),
        Part(_tiles, plain((0.34, 0.13, 0.08), 0.3), ((0.0, 1.5, 2.0), 16.0)),
        Part(_palms, _palm_colours, ((0.0, 3.6, 5.0), 10.0)),
        lawn(),
        *(
            tree((x, -0.2, z), height, width, seed)
            for seed, (x, z, height, width) in enumerate(
                [(-8.5, -6.0, 5.0, 6.0), (8.6, -6.0, 5.4, 6.0), (-1.5, 5.6, 0.8, 1.6)]
            )
        ),
    ]
    camera = Camera((0.0, 1.8, 25.0), (0.0, 1.8, 0.0), fov=36, shift=0.36)
    return Scene(parts, camera, day_sky(clouds=0.38, seed=90.0), light)


def _masonry(p: Array) -> Array:
    q = folded(moved(p, (0, 0, 0), TURN))
    shaft = box(moved(q, (0, TOP / 2, 0)), (1.75, TOP / 2, 1.75))
    for x in (0.0, 0.9):
        shaft = np.maximum(shaft, -box(moved(q, (x, 5.6, 1.75)), (0.26, 3.4, 0.14)))
    crown = box(moved(q, (0, TOP + 0.7, 0)), (1.5, 0.7, 1.5))
    for x in (0.0, 0.85):
        crown = np.maximum(crown, -arch(moved(q, (x, TOP + 0.1, 1.5)), 0.27, 1.1, 0.3))
    ledges = [
        box(moved(q, (0, y, 0)), (half, 0.12, half))
        for y, half in ((TOP, 1.95), (TOP + 1.45, 1.7), (1.2, 1.9))
    ]
    drum = cylinder(moved(p, (0, TOP + 1.95, 0)), 1.25, 0.5)
    return np.minimum.reduce([shaft, crown, drum, *ledges]).astype(np.float32)


def _dome(p: Array) -> Array:
    q = moved(p, (0, TOP + 2.4, 0))
    half = np.maximum(ellipsoid(q, (1.3, 1.15, 1.3)), -q[:, 1])
    lantern = cylinder(moved(q, (0, 1.3, 0)), 0.28, 0.3)
    tip = np.minimum(
        sphere(moved(q, (0, 1.7, 0)), 0.22), cylinder(moved(q, (0, 2.0, 0)), 0.05, 0.4)
    )
    return np.minimum.reduce([half, lantern, tip]).astype(np.float32)


def _glass(p: Array) -> Array:
    q = folded(moved(p, (0, 0, 0), TURN))
    panes = [
        box(moved(q, (x, y, 1.63)), (0.17, 0.5, 0.04))
        for x in (0.0, 0.9)
        for y in (2.9, 4.7, 6.5, 8.3)
    ]
    return np.minimum.reduce([*panes, box(moved(q, (0, TOP + 0.6, 0)), (1.2, 0.6, 1.2))])


def _arcade(p: Array) -> Array:
    q = moved(p, (0, 0, 2.6))
    wall = box(moved(q, (0, 0.85, 0)), (9.0, 0.85, 0.5))
    nearest = np.round((q[:, 0] - 0.5) / 1.0) + np.float32(0.5)
    bay = np.stack([q[:, 0] - nearest, q[:, 1], q[:, 2] - np.float32(0.4)], axis=1)
    return np.maximum(wall, -arch(bay, 0.34, 1.25, 0.45)).astype(np.float32)


def _tiles(p: Array) -> Array:
    q = moved(p, (0, 1.7, 2.6))
    slope = (q[:, 1] + 0.5 * np.abs(q[:, 2]) - np.float32(0.42)) * np.float32(0.89)
    ends = np.maximum(np.abs(q[:, 0]) - np.float32(9.1), np.abs(q[:, 2]) - np.float32(0.72))
    return np.maximum.reduce([slope, -q[:, 1], ends]).astype(np.float32)


def _palms(p: Array) -> Array:
    """Trunks, and crowns of drooping leaves."""
    found = []
    for x, z, height in ((-4.9, 5.2, 5.4), (4.6, 5.6, 4.6), (6.4, 4.2, 6.2)):
        q = moved(p, (x, 0, z))
        lean = (0.05 * x * (q[:, 1] / height) ** 2).astype(np.float32)
        q = np.stack([q[:, 0] - lean, q[:, 1], q[:, 2]], axis=1)
        found.append(cylinder(moved(q, (0, height / 2, 0)), 0.13, height / 2) * 0.9)
        crown = moved(q, (0, height, 0))
        radius = np.hypot(crown[:, 0], crown[:, 2])
        angle = np.arctan2(crown[:, 2], crown[:, 0])
        for leaves, droop, offset in ((9, 0.42, 0.0), (8, 0.05, 0.3)):
            step = 2 * np.pi / leaves
            aside = (angle + offset) / step
            aside = np.abs(aside - np.round(aside)) * step * radius
            rise = crown[:, 1] - (0.55 * radius - (0.32 + droop) * radius**2)
            width = 0.26 * np.clip(1.05 - radius / 1.6, 0, 1) * np.clip(radius * 4, 0, 1)
            leaf = np.maximum.reduce([aside - width, np.abs(rise) - 0.05, radius - 1.6])
            found.append(leaf * 0.45)
    return np.minimum.reduce(found).astype(np.float32)


def _palm_colours(p: Array, normals: Array) -> Array:
    heights = np.where(p[:, 0] < 0, 5.4, np.where(p[:, 0] < 5.6, 4.6, 6.2))
    is_trunk = (p[:, 1] < heights - 0.25) & (
        np.minimum.reduce([np.abs(p[:, 0] - x) for x in (-4.95, 4.7, 6.5)]) < 0.3
    )
    leaf = np.array([0.06, 0.11, 0.03], dtype=np.float32)
    return np.where(is_trunk[:, None], np.array([0.2, 0.15, 0.1], dtype=np.float32), leaf)
