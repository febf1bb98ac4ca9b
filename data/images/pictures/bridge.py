"""A red suspension bridge over a strait, hills in the haze behind."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.outdoors import day_sky, plain
from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import box, moved
from drawing.texture import fractal_noise, mix, smooth_step

TOWERS = (0.0, 26.0)
DECK, TOP = 2.6, 9.4


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(
        sun=(-0.7, 0.55, 0.75),
        sunlight=(3.0, 2.3, 1.55),
        skylight=(0.32, 0.40, 0.54),
        haze_colour=(0.72, 0.78, 0.88),
        haze=0.004,
    )
    around = ((6.0, 5.0, 0.0), 48.0)
    parts = [
        Part(_steel, plain((0.40, 0.06, 0.025), 0.08), around),
        Part(_piers, plain((0.34, 0.32, 0.29)), around),
        Part(_hills, _scrub, role="ground"),
        Part(lambda p: p[:, 1], _water, role="water"),
    ]
    camera = Camera((-11.5, 3.1, 13.0), (4.2, 4.6, 0.0), fov=44)
    sky = day_sky(zenith=(0.14, 0.28, 0.58), horizon=(0.74, 0.79, 0.88), clouds=0.62, seed=130.0)
    return Scene(parts, camera, sky, light)


def _steel(p: Array) -> Array:
    x, y = p[:, 0], p[:, 1]
    z = np.abs(p[:, 2]) - np.float32(0.85)
    solids = [box(moved(p, (6, DECK, 0)), (46, 0.16, 1.0))]
    for tower in TOWERS:
        leg_x, leg = x - np.float32(tower), np.stack([x - np.float32(tower), y, z], axis=1)
        for low, high, half in ((0.0, 4.6, 0.36), (4.6, 7.2, 0.30), (7.2, TOP, 0.24)):
            middle = (low + high) / 2
            solids.append(box(moved(leg, (0, middle, 0)), (half, (high - low) / 2, half * 0.8)))
        for height in (4.4, 5.8, 7.1, 8.3, TOP - 0.15):
            beam = np.stack([leg_x, y - np.float32(height), p[:, 2]], axis=1)
            solids.append(box(beam, (0.2, 0.16, 0.85)))
    # The cables hang in parabolas; the hangers are rods under them.
    cable = _cable(x)
    rope = np.hypot((y - cable) * 0.75, z) - np.float32(0.085)
    solids.append(np.maximum(rope, np.abs(x - 6) - 46))
    rod = np.abs(x / 0.8 - np.round(x / 0.8)) * 0.8 - np.float32(0.015)
    hang = np.maximum(y - cable, np.float32(DECK) - y)
    thin = np.hypot(np.maximum(rod, 0), z) - np.float32(0.02)
    solids.append(np.maximum(thin, hang) * np.float32(0.8))
    return np.minimum.reduce(solids).astype(np.float32)


def _cable(x: Array) -> Array:
    span = TOWERS[1] - TOWERS[0]
    share = (x - TOWERS[0]) / span
    main = 0.35 + (TOP - DECK - 0.35) * (2 * share - 1) ** 2
    side = np.clip(1 + x / 15.0, 0, 1) ** 1.5 * (TOP - DECK)
    far = np.clip(1 - (x - TOWERS[1]) / 15.0, 0, 1) ** 1.5 * (TOP - DECK)
    height = np.where(x < TOWERS[0], side, np.where(x > TOWERS[1], far, main))
    return (DECK + height).astype(np.float32)


def _piers(p: Array) -> Array:
    return np.minimum.reduce(
        [box(moved(p, (tower, 0.3, 0)), (0.9, 0.6, 1.7), 0.2) for tower in TOWERS]
    )


def _hills(p: Array) -> Array:
    ridge = fractal_noise(p[:, 0] * 0.05 + 3, p[:, 2] * 0.05, octaves=5)
    behind = smooth_step(24, 60, -p[:, 2]) * 14 * ridge
    shore = smooth_step(36, 60, p[:, 0]) * 11 * ridge
    return ((p[:, 1] - np.maximum(behind, shore) + 0.6) * 0.6).astype(np.float32)


def _scrub(p: Array, normals: Array) -> Array:
    share = fractal_noise(p[:, 0] * 0.6, p[:, 1] * 0.6, p[:, 2] * 0.6, octaves=4)
    dark = np.array([0.07, 0.085, 0.03], dtype=np.float32)
    light = np.array([0.26, 0.21, 0.10], dtype=np.float32)
    return mix(dark, light, share)


def _water(p: Array, normals: Array) -> Array:
    waves = fractal_noise(p[:, 0] * 0.9 + 0.5 * p[:, 2], p[:, 2] * 2.2, octaves=5)
    deep = np.array([0.015, 0.055, 0.075], dtype=np.float32)
    crest = np.array([0.16, 0.24, 0.28], dtype=np.float32)
    return mix(deep, crest, smooth_step(0.3, 0.75, waves))
