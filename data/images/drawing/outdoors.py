"""What stands around a building: sky, ground and trees; and the stone it is built of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from drawing.photograph import Array, Colour, Part
from drawing.solids import ellipsoid, moved
from drawing.texture import fractal_noise, mix, noise, smooth_step


def day_sky(
    zenith: Colour = (0.10, 0.24, 0.62),
    horizon: Colour = (0.60, 0.75, 0.95),
    clouds: float = 0.5,
    seed: float = 0.0,
) -> Callable[[Array], Array]:
    """Blue above, pale at the horizon. clouds: 0 for none, 1 for overcast. seed: which clouds."""

    def sky(directions: Array) -> Array:
        height = np.clip(directions[:, 1], 0, 1)
        plain = mix(
            np.asarray(horizon, dtype=np.float32),
            np.asarray(zenith, dtype=np.float32),
            (1 - (1 - height) ** 3).astype(np.float32),
        )
        # Clouds lie on a plane overhead, so they crowd towards the horizon.
        away = 1 / (height + 0.22)
        x, z = directions[:, 0] * away * 1.6 + seed, directions[:, 2] * away * 1.6
        bulk = fractal_noise(x, z * 1.3, seed, octaves=5)
        cover = smooth_step(0.72 - 0.4 * clouds, 0.98 - 0.4 * clouds, bulk)
        white = np.float32(0.95) - 0.25 * smooth_step(0.5, 0.9, bulk)
        return mix(plain, np.stack([white, white, white * 1.03], axis=1), cover * 0.9)

    return sky


def lawn(
    height: Callable[[Array], Array] | None = None,
    dark: Colour = (0.04, 0.065, 0.02),
    light: Colour = (0.12, 0.165, 0.05),
) -> Part:
    """The ground: y = 0, or y = height(points)."""

    def solid(p: Array) -> Array:
        return p[:, 1] if height is None else (p[:, 1] - height(p)) * np.float32(0.8)

    def surface(p: Array, normals: Array) -> Array:
        blades = fractal_noise(p[:, 0] * 5, p[:, 2] * 5, octaves=5)
        patches = noise(p[:, 0] * 0.35, p[:, 2] * 0.35, 5.0)
        share = np.clip(0.75 * blades + 0.5 * patches - 0.15, 0, 1)
        return mix(np.asarray(dark, dtype=np.float32), np.asarray(light, dtype=np.float32), share)

    return Part(solid, surface, role="ground")


def tree(
    foot: Sequence[float],
    height: float,
    width: float,
    seed: float = 0.0,
    dark: Colour = (0.02, 0.045, 0.015),
    light: Colour = (0.10, 0.145, 0.04),
) -> Part:
    """A round crown of leaves down to the ground: a bush, or a tree whose trunk is hidden."""
    middle = (foot[0], foot[1] + height / 2, foot[2])
    radii = (width / 2, height / 2, width / 2)
    rough = 0.16 * min(radii)

    def solid(p: Array) -> Array:
        local = moved(p, middle)
        frequency = 4.4 / min(radii)
        lumps = fractal_noise(
            local[:, 0] * frequency + seed,
            local[:, 1] * frequency,
            local[:, 2] * frequency,
            octaves=4,
        )
        return (ellipsoid(local, radii) - (lumps - 0.5) * np.float32(rough * 5)) * np.float32(0.55)

    def surface(p: Array, normals: Array) -> Array:
        leaves = fractal_noise(p[:, 0] * 13 + seed, p[:, 1] * 13, p[:, 2] * 13, octaves=3)
        share = np.clip((leaves - 0.25) * 1.6, 0, 1)
        return mix(np.asarray(dark, dtype=np.float32), np.asarray(light, dtype=np.float32), share)

    return Part(solid, surface, (middle, max(radii) + rough * 2.5 + 0.2), role="tree")


def stone(
    colour: Colour, course: float = 0.3, joint: float = 0.03, contrast: float = 0.14
) -> Callable[[Array, Array], Array]:
    """Dressed stone in courses `course` high, blocks twice as long, with darker joints."""
    base = np.asarray(colour, dtype=np.float32)

    def surface(p: Array, normals: Array) -> Array:
        row = np.floor(p[:, 1] / course)
        along = np.where(np.abs(normals[:, 0]) > np.abs(normals[:, 2]), p[:, 2], p[:, 0])
        along = along / (2 * course) + 0.5 * (row % 2)
        block = noise(np.floor(along) * 7.31, row * 3.17, 2.0)
        stain = fractal_noise(p[:, 0] * 0.9, p[:, 1] * 0.5, p[:, 2] * 0.9, octaves=4)
        share = 1 + contrast * (block - 0.5) + 0.35 * (stain - 0.5)
        edge = np.minimum(
            np.abs(p[:, 1] / course - np.round(p[:, 1] / course)) * course,
            np.abs(along - np.round(along)) * 2 * course,
        )
        share = share * (1 - 0.22 * (edge < joint / 2))
        return base * share[:, None].astype(np.float32)

    return surface


def plain(colour: Colour, unevenness: float = 0.1) -> Callable[[Array, Array], Array]:
    """One colour, a little mottled."""
    base = np.asarray(colour, dtype=np.float32)

    def surface(p: Array, normals: Array) -> Array:
        share = fractal_noise(p[:, 0] * 2, p[:, 1] * 2, p[:, 2] * 2, octaves=3)
        return base * (1 + unevenness * (share - 0.5) * 2)[:, None].astype(np.float32)

    return surface
