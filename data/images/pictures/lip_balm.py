"""A stick of lip balm standing on a wooden table by a window."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import cylinder, moved
from drawing.texture import fractal_noise, mix, smooth_step


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(
        sun=(-0.75, 0.7, 0.5),
        sunlight=(2.9, 2.5, 2.0),
        skylight=(0.42, 0.42, 0.44),
        bounce=(0.25, 0.19, 0.13),
        haze=0.0,
    )
    parts = [
        Part(_stick, _label, ((0.0, 1.5, 0.0), 2.2)),
        Part(_balm, _wax, ((0.0, 3.2, 0.0), 0.9)),
        Part(_cap, _cap_colour, ((1.9, 0.4, 0.9), 1.2)),
        Part(lambda p: p[:, 1], _wood, role="ground"),
        Part(lambda p: p[:, 2] + np.float32(6.5), _wall, role="ground"),
    ]
    camera = Camera((0.3, 2.6, 9.5), (0.45, 1.55, 0.0), fov=30)
    return Scene(parts, camera, lambda d: np.full_like(d, 0.5), light, exposure=0.7)


def _stick(p: Array) -> Array:
    tube = cylinder(moved(p, (0, 1.45, 0)), 0.52, 1.42) - np.float32(0.03)
    collar = cylinder(moved(p, (0, 2.96, 0)), 0.44, 0.12) - np.float32(0.02)
    wheel = cylinder(moved(p, (0, 0.16, 0)), 0.55, 0.15) - np.float32(0.01)
    return np.minimum.reduce([tube, collar, wheel])


def _label(p: Array, normals: Array) -> Array:
    y, angle = p[:, 1], np.arctan2(p[:, 0], p[:, 2])
    colour = np.tile(np.array([0.03, 0.18, 0.42], dtype=np.float32), (len(p), 1))
    colour[y < 0.33] = (0.75, 0.73, 0.7)
    colour[y > 2.86] = (0.8, 0.78, 0.75)
    colour[np.abs(y - 0.62) < 0.07] = (0.75, 0.1, 0.08)
    colour[np.abs(y - 2.5) < 0.07] = (0.75, 0.1, 0.08)
    # A leaf in a white disc, which says no brand.
    across, up = angle * 0.52, y - 1.55
    disc = np.hypot(across, up) < 0.36
    leaf = (np.hypot(across - 0.14, up) < 0.27) & (np.hypot(across + 0.14, up) < 0.27)
    colour[disc] = (0.85, 0.84, 0.8)
    colour[leaf & (np.abs(across) > 0.012)] = (0.08, 0.35, 0.08)
    return colour


def _balm(p: Array) -> Array:
    q = moved(p, (0, 3.2, 0))
    slant = (q[:, 1] - 0.45 * q[:, 0] - np.float32(0.28)) * np.float32(0.91)
    return np.maximum(cylinder(q, 0.38, 0.55), slant).astype(np.float32) - np.float32(0.02)


def _wax(p: Array, normals: Array) -> Array:
    return np.tile(np.array([0.80, 0.42, 0.38], dtype=np.float32), (len(p), 1))


def _cap(p: Array) -> Array:
    """Lying on its side."""
    q = moved(p, (1.75, 0.56, 1.0), 0.6)
    lying = np.stack([q[:, 1], q[:, 0], q[:, 2]], axis=1)
    hollow = cylinder(moved(lying, (0, -0.3, 0)), 0.44, 0.75)
    return np.maximum(cylinder(lying, 0.53, 0.72) - np.float32(0.03), -hollow)


def _cap_colour(p: Array, normals: Array) -> Array:
    return np.tile(np.array([0.03, 0.18, 0.42], dtype=np.float32), (len(p), 1))


def _wood(p: Array, normals: Array) -> Array:
    plank = np.floor(p[:, 2] / 1.6)
    grain = fractal_noise(p[:, 0] * 0.5 + plank * 9, p[:, 2] * 7 + plank * 5, octaves=5)
    rings = 0.5 + 0.5 * np.sin(grain * 26 + p[:, 2] * 3)
    wood = mix(
        np.array([0.20, 0.095, 0.04], dtype=np.float32),
        np.array([0.42, 0.23, 0.11], dtype=np.float32),
        np.clip(0.45 * rings + 0.6 * grain, 0, 1).astype(np.float32),
    )
    gap = np.abs(p[:, 2] / 1.6 - np.round(p[:, 2] / 1.6)) * 1.6 < 0.02
    return np.where(gap[:, None], wood * np.float32(0.25), wood)


def _wall(p: Array, normals: Array) -> Array:
    """Out of focus: soft, with the light of the window on it."""
    glow = smooth_step(-6, 6, p[:, 0] * -1 + p[:, 1])
    return mix(
        np.array([0.16, 0.19, 0.18], dtype=np.float32),
        np.array([0.40, 0.42, 0.38], dtype=np.float32),
        glow,
    )
