"""A scene drawn anew: other proportions, another camera, other trees, another hour and weather.

`rearranged` changes what stands where; `relit` changes colours alone, so that one survey of the
solids, which is nearly all the work, serves several pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from drawing.outdoors import day_sky, tree
from drawing.photograph import Array, Camera, Colour, Light, Part, Scene, Surface
from drawing.solids import moved

Range = tuple[float, float]


@dataclass(frozen=True)
class Hour:
    """Light and sky at one time of day in one weather. sky_tint: what the sky, with its white
    clouds, is multiplied by."""

    sunlight: Colour
    skylight: Colour
    haze_colour: Colour
    haze: Range
    zenith: Colour
    horizon: Colour
    clouds: Range
    sky_tint: Colour = (1.0, 1.0, 1.0)


HOURS = {
    "noon": Hour(
        (2.9, 2.6, 2.1), (0.30, 0.39, 0.54), (0.62, 0.72, 0.85), (0.001, 0.004),
        (0.10, 0.24, 0.62), (0.60, 0.75, 0.95), (0.1, 0.7),
    ),
    "afternoon": Hour(
        (3.1, 2.3, 1.5), (0.30, 0.38, 0.52), (0.70, 0.74, 0.82), (0.002, 0.006),
        (0.14, 0.28, 0.60), (0.74, 0.78, 0.88), (0.2, 0.8),
    ),
    "golden": Hour(
        (3.3, 1.9, 0.9), (0.32, 0.32, 0.42), (0.95, 0.75, 0.55), (0.003, 0.010),
        (0.22, 0.32, 0.58), (0.98, 0.76, 0.52), (0.2, 0.8), (1.0, 0.94, 0.86),
    ),
    "overcast": Hour(
        (0.40, 0.40, 0.40), (0.80, 0.83, 0.88), (0.76, 0.78, 0.80), (0.002, 0.006),
        (0.62, 0.66, 0.72), (0.82, 0.84, 0.87), (0.8, 1.0), (0.92, 0.94, 0.97),
    ),
    "mist": Hour(
        (0.9, 0.88, 0.84), (0.62, 0.65, 0.68), (0.82, 0.84, 0.86), (0.005, 0.013),
        (0.66, 0.72, 0.80), (0.84, 0.86, 0.88), (0.3, 0.8),
    ),
    "dusk": Hour(
        (0.75, 0.42, 0.42), (0.30, 0.28, 0.46), (0.60, 0.42, 0.46), (0.003, 0.008),
        (0.12, 0.14, 0.40), (0.95, 0.56, 0.40), (0.1, 0.6), (0.92, 0.82, 0.80),
    ),
    "night": Hour(
        (0.16, 0.20, 0.32), (0.06, 0.08, 0.16), (0.05, 0.06, 0.12), (0.001, 0.004),
        (0.10, 0.16, 0.50), (0.45, 0.50, 0.80), (0.0, 0.5), (0.10, 0.11, 0.17),
    ),
}  # fmt: skip
HOUR_WEIGHTS = {
    "noon": 0.34, "afternoon": 0.26, "golden": 0.13, "overcast": 0.11, "mist": 0.06,
    "dusk": 0.06, "night": 0.04,
}  # fmt: skip
"""Of outdoor scenes."""

LEAVES: Sequence[Colour] = (
    (0.06, 0.11, 0.03), (0.08, 0.13, 0.03), (0.04, 0.08, 0.03), (0.13, 0.13, 0.03),
    (0.20, 0.11, 0.02), (0.22, 0.06, 0.02), (0.12, 0.10, 0.05), (0.07, 0.10, 0.08),
)  # fmt: skip
GROUNDS: Sequence[Colour] = (
    (0.08, 0.12, 0.035), (0.10, 0.14, 0.04), (0.16, 0.16, 0.06), (0.22, 0.19, 0.09),
    (0.30, 0.24, 0.15), (0.20, 0.19, 0.18), (0.62, 0.65, 0.70),
)  # fmt: skip
"""Meadows, dry grass, sand, paving, snow."""
WATERS: Sequence[Colour] = (
    (0.07, 0.12, 0.15), (0.05, 0.13, 0.13), (0.09, 0.13, 0.12), (0.06, 0.10, 0.18),
)  # fmt: skip


def rearranged(
    scene: Scene,
    rng: np.random.Generator,
    *,
    stretch: Range = (0.78, 1.3),
    turn: float = 180.0,
    trees: tuple[int, int] = (0, 0),
    keeps_trees: float = 0.0,
) -> Scene:
    """The scene with its subject stretched along each axis, turned by up to `turn` degrees and
    moved, with other trees and from another place.

    trees: fewest and most new ones. keeps_trees: the share of the old ones that stays.
    """
    across, up = rng.uniform(*stretch), rng.uniform(*stretch)
    factors = (across, up, across * rng.uniform(0.9, 1.1))
    angle = np.radians(rng.uniform(-turn, turn))
    place = (rng.uniform(-1.6, 1.6), 0.0, rng.uniform(-1.0, 1.0))
    parts = [
        _placed(part, factors, angle, place) if part.role == "subject" else part
        for part in scene.parts
        if part.role != "tree" or rng.random() < keeps_trees
    ]
    parts += [_new_tree(rng, seed) for seed in range(rng.integers(trees[0], trees[1] + 1))]
    eye, target = np.asarray(scene.camera.position, float), np.asarray(scene.camera.target, float)
    away = eye - target
    aside = np.radians(rng.uniform(-14, 14))
    c, s = np.cos(aside), np.sin(aside)
    away = np.array([c * away[0] + s * away[2], away[1], c * away[2] - s * away[0]])
    distance = rng.uniform(0.86, 1.3) * max(0.9, 0.5 + 0.5 * max(across, up))
    eye = target + away * distance
    eye[1] = max(0.6, eye[1] + rng.uniform(-0.8, 1.8))
    camera = Camera(
        tuple(eye),
        (target[0] + rng.uniform(-1.2, 1.2), target[1], target[2]),
        fov=scene.camera.fov * rng.uniform(0.92, 1.15),
        shift=scene.camera.shift * rng.uniform(0.75, 1.1),
    )
    azimuth, height = np.radians(rng.uniform(-85, 85)), rng.uniform(0.28, 1.5)
    light = replace(scene.light, sun=(np.sin(azimuth), height, max(0.15, np.cos(azimuth))))
    return replace(scene, parts=parts, camera=camera, light=light)


def relit(scene: Scene, rng: np.random.Generator) -> Scene:
    """An outdoor scene at another hour and season, its solids and the sun's direction unchanged."""
    hour = HOURS[str(rng.choice(list(HOUR_WEIGHTS), p=list(HOUR_WEIGHTS.values())))]
    # Green most of the year.
    leaves = LEAVES[rng.integers(4 if rng.random() < 0.7 else len(LEAVES))]
    number = rng.integers(len(GROUNDS))
    ground, water = GROUNDS[number], WATERS[number % len(WATERS)]
    light = Light(
        sun=scene.light.sun,
        sunlight=_near(hour.sunlight, rng, 0.12),
        skylight=_near(hour.skylight, rng, 0.12),
        bounce=scene.light.bounce,
        haze_colour=_near(hour.haze_colour, rng, 0.06),
        haze=rng.uniform(*hour.haze),
    )
    above = day_sky(
        _near(hour.zenith, rng, 0.15),
        _near(hour.horizon, rng, 0.08),
        rng.uniform(*hour.clouds),
        rng.uniform(0, 300),
    )
    tint = np.asarray(hour.sky_tint, np.float32)
    parts = []
    for part in scene.parts:
        if part.role == "tree":
            surface = _recoloured(part.surface, _near(leaves, rng, 0.2), 0.9)
        elif part.role == "ground":
            surface = _recoloured(part.surface, _near(ground, rng, 0.15), 0.8)
        elif part.role == "water":
            surface = _recoloured(part.surface, _near(water, rng, 0.15), 0.8)
        else:
            surface = _tinted(part.surface, rng)
        parts.append(replace(part, surface=surface))
    return replace(
        scene,
        parts=parts,
        light=light,
        sky=lambda directions: above(directions) * tint,
        exposure=scene.exposure * rng.uniform(0.85, 1.2),
    )


def relit_indoors(scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene in a room, in other colours and another light."""
    warmth, strength = rng.uniform(-0.15, 0.25), rng.uniform(0.6, 1.1)
    sunlight = (2.6 * strength * (1 + warmth), 2.2 * strength, 1.9 * strength * (1 - warmth))
    level = rng.uniform(0.3, 0.6)
    light = replace(
        scene.light,
        sunlight=sunlight,
        skylight=(level, level, level * (1 - 0.4 * warmth)),
    )
    parts = [
        replace(part, surface=_tinted(part.surface, rng, 0.5 if part.role == "ground" else 0.35))
        for part in scene.parts
    ]
    return replace(
        scene, parts=parts, light=light, exposure=scene.exposure * rng.uniform(0.85, 1.2)
    )


def _placed(part: Part, factors: Sequence[float], angle: float, place: Sequence[float]) -> Part:
    """The part stretched, then turned about the vertical, then moved."""
    scale = np.asarray(factors, np.float32)
    least = np.float32(scale.min())

    def back(p: Array) -> Array:
        return moved(p, place, angle) / scale

    def solid(p: Array) -> Array:
        return part.solid(back(p)) * least

    def surface(p: Array, normals: Array) -> Array:
        local = moved(normals, (0, 0, 0), angle) * scale
        length = np.sqrt((local * local).sum(axis=1, keepdims=True))
        return part.surface(back(p), (local / np.maximum(length, 1e-6)).astype(np.float32))

    bound = None
    if part.bound is not None:
        middle = np.asarray(part.bound[0], np.float32) * scale
        c, s = np.cos(angle), np.sin(angle)
        turned = (c * middle[0] + s * middle[2], middle[1], c * middle[2] - s * middle[0])
        bound = (np.asarray(turned) + place, part.bound[1] * float(scale.max()))
    return replace(part, solid=solid, surface=surface, bound=bound)


def _new_tree(rng: np.random.Generator, seed: int) -> Part:
    """Behind the subject of any size, before it low or to the side."""
    side = rng.choice([-1.0, 1.0])
    if rng.random() < 0.6:
        x, z, height = side * rng.uniform(2, 14), rng.uniform(-14, -3), rng.uniform(2.0, 7.5)
    elif rng.random() < 0.6:
        x, z, height = side * rng.uniform(3.2, 8), rng.uniform(-1, 6), rng.uniform(1.5, 5.5)
    else:
        x, z, height = side * rng.uniform(0.2, 4), rng.uniform(3, 7), rng.uniform(0.7, 1.8)
    return tree(
        (x, -0.3, z), height, height * rng.uniform(0.6, 1.4), 7.0 * seed + rng.uniform(0, 5)
    )


def _near(colour: Colour, rng: np.random.Generator, reach: float) -> Colour:
    level = rng.uniform(1 - reach, 1 + reach)
    red, green, blue = (level * c * rng.uniform(1 - reach / 2, 1 + reach / 2) for c in colour)
    return (red, green, blue)


def _recoloured(surface: Surface, colour: Colour, share: float) -> Surface:
    """Light and dark as before, `share` of the way to one colour."""

    def new(p: Array, normals: Array) -> Array:
        old = surface(p, normals)
        level = old.mean(axis=1, keepdims=True)
        wanted = np.asarray(colour, np.float32) * level / max(float(level.mean()), 1e-4)
        return (old + (wanted - old) * np.float32(share)).astype(np.float32)

    return new


def _tinted(surface: Surface, rng: np.random.Generator, reach: float = 0.18) -> Surface:
    tint = np.exp(rng.normal(0, reach / 2, 3)) * np.exp(rng.normal(0, 0.12))

    def new(p: Array, normals: Array) -> Array:
        return np.clip(surface(p, normals) * tint.astype(np.float32), 0, 0.92).astype(np.float32)

    return new
