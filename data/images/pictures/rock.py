"""A large weathered boulder on a meadow, hills behind."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, lawn, tree
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import ellipsoid, moved
from drawing.texture import fractal_noise, mix, smooth_step

# Each plane cuts a flat face: its outward normal, and its distance from the middle.
CUTS = (
    ((-0.75, 0.55, 0.36), 1.62),
    ((0.55, 0.62, 0.56), 1.55),
    ((-0.1, 0.25, 0.96), 1.72),
    ((0.9, 0.1, 0.42), 2.05),
    ((0.15, 0.98, -0.1), 1.42),
    ((-0.45, 0.1, 0.88), 1.86),
    ((0.25, 0.9, 0.36), 1.45),
)


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(
        sun=(-0.8, 0.7, 0.45), sunlight=(2.6, 2.2, 1.65), skylight=(0.28, 0.37, 0.53), haze=0.006
    )
    parts = [
        Part(_rock, _granite, ((0.0, 1.1, 0.0), 3.6)),
        Part(_pebbles, _granite, ((0.6, 0.1, 1.7), 3.4)),
        lawn(_ground, dark=(0.06, 0.07, 0.02), light=(0.22, 0.20, 0.07)),
        *(
            tree((x, _height(x, z), z), 3.4 + 0.6 * (seed % 3), 2.6, seed)
            for seed, (x, z) in enumerate([(-9.0, -16.0), (-6.4, -17.5), (9.5, -15.0), (12.0, -18)])
        ),
    ]
    camera = Camera((0.2, 1.7, 8.6), (0.0, 1.25, 0.0), fov=38)
    return Scene(parts, camera, day_sky(clouds=0.6, seed=40.0), light)


def _height(x: float, z: float) -> float:
    return float(_ground(np.array([[x, 0, z]], dtype=np.float32))[0]) - 0.3


def _ground(p: Array) -> Array:
    gentle = fractal_noise(p[:, 0] * 0.25 + 4, p[:, 2] * 0.25, octaves=3) * 0.7 - 0.4
    hill = 5.5 * fractal_noise(p[:, 0] * 0.045 + 9, p[:, 2] * 0.03, octaves=3)
    return (gentle + hill * smooth_step(12, 60, -p[:, 2])).astype(np.float32)


def _rock(p: Array) -> Array:
    q = moved(p, (0, 0.75, 0), 0.35)
    bulk = fractal_noise(q[:, 0] * 0.8 + 3, q[:, 1] * 0.8, q[:, 2] * 0.8, octaves=5)
    rough = (bulk - 0.5) * 0.75
    d = ellipsoid(q, (2.35, 1.75, 1.9))
    for normal, reach in CUTS:
        d = np.maximum(d, q @ np.asarray(normal, dtype=np.float32) - np.float32(reach))
    return ((d - rough) * 0.62).astype(np.float32)


def _pebbles(p: Array) -> Array:
    found = []
    for x, z, size in ((-1.6, 2.5, 0.32), (1.9, 2.2, 0.42), (2.6, 1.5, 0.26), (0.4, 2.9, 0.18)):
        q = moved(p, (x, 0.02, z), x)
        lumps = fractal_noise(q[:, 0] * 3 + x, q[:, 1] * 3, q[:, 2] * 3, octaves=3) - 0.5
        found.append((ellipsoid(q, (size, size * 0.7, size * 0.85)) - lumps * 0.18) * 0.7)
    return np.minimum.reduce(found).astype(np.float32)


def _granite(p: Array, normals: Array) -> Array:
    grain = fractal_noise(p[:, 0] * 9, p[:, 1] * 9, p[:, 2] * 9, octaves=4)
    veins = fractal_noise(p[:, 0] * 1.2 + 5, p[:, 1] * 2.4, p[:, 2] * 1.2, octaves=4)
    rock = mix(
        np.array([0.16, 0.145, 0.13], dtype=np.float32),
        np.array([0.42, 0.385, 0.34], dtype=np.float32),
        np.clip(0.5 * grain + 0.75 * veins - 0.12, 0, 1).astype(np.float32),
    )
    # Lichen likes what faces up.
    lichen = fractal_noise(p[:, 0] * 2.6 + 30, p[:, 1] * 2.6, p[:, 2] * 2.6, octaves=4)
    share = smooth_step(0.56, 0.68, lichen) * np.clip(normals[:, 1] + 0.35, 0, 1)
    return mix(rock, np.array([0.30, 0.27, 0.09], dtype=np.float32), (0.75 * share))
