"""A ginger cat that sits on a rug and looks at the camera."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.photograph import Array, Camera, Light, Part, Scene, take
from drawing.solids import blend, capsule, cone, ellipsoid, moved, sphere
from drawing.texture import fractal_noise, mix, noise, smooth_step

HEAD = (0.0, 2.45, 0.55)


def draw() -> Image.Image:
    return take(scene())


def scene() -> Scene:
    light = Light(
        sun=(-0.7, 0.8, 0.75),
        sunlight=(2.5, 2.2, 1.8),
        skylight=(0.48, 0.48, 0.50),
        bounce=(0.26, 0.20, 0.16),
        haze=0.0,
    )
    around = ((0.0, 1.5, 0.2), 2.9)
    parts = [
        Part(_body, _fur, around),
        Part(_eyes, _iris, (HEAD, 1.2)),
        Part(_nose, lambda p, n: np.full_like(p, 0.2) + _PINK, (HEAD, 1.2)),
        Part(_whiskers, lambda p, n: np.full_like(p, 0.8), (HEAD, 2.0)),
        Part(lambda p: p[:, 1], _rug, role="ground"),
        Part(lambda p: p[:, 2] + np.float32(4.5), _wall, role="ground"),
    ]
    camera = Camera((0.5, 2.3, 8.6), (0.1, 1.62, 0.0), fov=27)
    return Scene(parts, camera, lambda d: np.full_like(d, 0.5), light, exposure=0.7)


_PINK = np.array([0.35, 0.05, 0.05], dtype=np.float32)


def _mirrored(p: Array) -> Array:
    return np.stack([np.abs(p[:, 0]), p[:, 1], p[:, 2]], axis=1)


def _body(p: Array) -> Array:
    q = _mirrored(p)
    back = ellipsoid(moved(p, (0, 1.05, -0.25)), (0.82, 1.1, 0.8))
    chest = ellipsoid(moved(p, (0, 1.35, 0.25)), (0.58, 0.85, 0.5))
    haunch = ellipsoid(moved(q, (0.62, 0.55, -0.05)), (0.42, 0.58, 0.66))
    leg = capsule(q, (0.3, 1.2, 0.5), (0.27, 0.16, 0.72), 0.2)
    paw = ellipsoid(moved(q, (0.28, 0.13, 0.82)), (0.22, 0.15, 0.28))
    hind_paw = ellipsoid(moved(q, (0.72, 0.12, 0.52)), (0.22, 0.14, 0.34))
    skull = ellipsoid(moved(p, HEAD), (0.66, 0.56, 0.56))
    cheek = sphere(moved(q, (0.27, 2.28, 0.88)), 0.26)
    muzzle = ellipsoid(moved(q, (0.11, 2.24, 1.06)), (0.17, 0.14, 0.14))
    ear = _ear(q)
    tail = [
        capsule(p, start, end, 0.16)
        for start, end in [
            ((0.55, 0.3, -0.6), (1.1, 0.17, -0.2)),
            ((1.1, 0.17, -0.2), (1.3, 0.16, 0.4)),
            ((1.3, 0.16, 0.4), (1.1, 0.16, 0.95)),
        ]
    ]
    trunk = blend([back, chest, haunch, leg, paw, hind_paw], 0.25)
    head = blend([skull, cheek, muzzle, ear], 0.13)
    whole = blend([trunk, head, *tail], 0.22)
    hair = noise(p[:, 0] * 14, p[:, 1] * 9, p[:, 2] * 14) - 0.5
    return ((whole - 0.025 * hair) * 0.85).astype(np.float32)


def _ear(q: Array) -> Array:
    local = moved(q, (0.4, 2.78, 0.5))
    # Tilted outwards, and flattened from front to back.
    x, y = local[:, 0] * 0.93 - local[:, 1] * 0.36, local[:, 0] * 0.36 + local[:, 1] * 0.93
    tilted = np.stack([x, y, local[:, 2] * 2.0], axis=1)
    outer = cone(tilted, 0.32, 0.05, 0.56) * np.float32(0.6)
    hollow = ellipsoid(moved(tilted, (0, 0.18, 0.42)), (0.17, 0.3, 0.3)) * np.float32(0.6)
    return np.maximum(outer, -hollow)


def _fur(p: Array, normals: Array) -> Array:
    soft = fractal_noise(p[:, 0] * 9, p[:, 1] * 5, p[:, 2] * 9, octaves=4)
    bend = fractal_noise(p[:, 0] * 1.5 + 7, p[:, 1] * 1.5, p[:, 2] * 1.5, octaves=3)
    rings = 0.5 + 0.5 * np.sin((p[:, 1] * 1.0 + 1.1 * np.abs(p[:, 0]) + 1.6 * bend) * 9)
    coat = mix(
        np.array([0.62, 0.27, 0.075], dtype=np.float32),
        np.array([0.27, 0.085, 0.02], dtype=np.float32),
        (smooth_step(0.6, 0.85, rings) * 0.85).astype(np.float32),
    )
    white = smooth_step(0.55, 0.2, np.hypot(p[:, 0] * 1.3, p[:, 1] - 1.45)) * (p[:, 2] > 0.3)
    muzzle = smooth_step(0.42, 0.22, np.hypot(p[:, 0], (p[:, 1] - 2.18) * 1.2)) * (p[:, 2] > 0.8)
    paws = smooth_step(0.34, 0.22, p[:, 1]) * (p[:, 2] > 0.4) * (np.abs(p[:, 0]) < 0.95)
    share = np.clip(np.maximum.reduce([white, muzzle, paws]), 0, 1).astype(np.float32)
    coat = mix(coat, np.array([0.80, 0.76, 0.70], dtype=np.float32), share)
    inner = smooth_step(0.72, 0.8, p[:, 1] - 2.1) * (
        np.hypot(np.abs(p[:, 0]) - 0.47, p[:, 1] - 3.0) < 0.2
    )
    coat = mix(
        coat,
        np.array([0.55, 0.25, 0.2], dtype=np.float32),
        (inner * (p[:, 2] > 0.55)).astype(np.float32) * 0.6,
    )
    return coat * (0.75 + 0.5 * soft)[:, None].astype(np.float32)


def _eyes(p: Array) -> Array:
    return sphere(moved(_mirrored(p), (0.27, 2.5, 0.965)), 0.145)


def _iris(p: Array, normals: Array) -> Array:
    local = moved(_mirrored(p), (0.27, 2.5, 0.965))
    colour = np.tile(np.array([0.36, 0.42, 0.06], dtype=np.float32), (len(p), 1))
    x, y = local[:, 0] + 0.01, local[:, 1]
    colour[np.hypot(x, y) > 0.118] = 0.01
    colour[np.hypot(x * 1.7, y) < 0.085] = 0.005
    # The window, mirrored in the eye.
    glint = np.hypot(p[:, 0] - np.sign(p[:, 0]) * 0.27 + 0.045, y - 0.05) < 0.032
    colour[glint] = 1.0
    return colour


def _nose(p: Array) -> Array:
    return ellipsoid(moved(p, (0, 2.34, 1.17)), (0.075, 0.05, 0.05))


def _whiskers(p: Array) -> Array:
    q = _mirrored(p)
    hairs = [
        capsule(q, (0.16, 2.24 + 0.02 * k, 1.15), (0.95, 2.12 + 0.16 * k, 1.0), 0.007)
        for k in range(3)
    ]
    return np.minimum.reduce(hairs)


def _rug(p: Array, normals: Array) -> Array:
    pile = fractal_noise(p[:, 0] * 12, p[:, 2] * 12, octaves=3)
    radius = np.hypot(p[:, 0] - 0.1, p[:, 2])
    band = (np.abs(radius - 1.9) < 0.16) | (np.abs(radius - 2.4) < 0.07)
    ground = np.where(radius[:, None] < 2.75, [0.10, 0.20, 0.24], [0.34, 0.21, 0.12])
    ground = np.where(band[:, None], [0.62, 0.56, 0.44], ground)
    return (ground * (0.6 + 0.7 * pile)[:, None]).astype(np.float32)


def _wall(p: Array, normals: Array) -> Array:
    glow = smooth_step(-4, 5, p[:, 1] - p[:, 0])
    low = np.array([0.20, 0.22, 0.20], dtype=np.float32)
    high = np.array([0.46, 0.47, 0.42], dtype=np.float32)
    return mix(low, high, glow)
