"""Buildings and lands put together by chance: towers of stages, houses, hills around a lake."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drawing.outdoors import day_sky, lawn, plain, stone
from drawing.photograph import Array, Camera, Colour, Light, Part, Scene, Solid
from drawing.solids import arch, box, cone, cylinder, ellipsoid, folded, moved, pyramid, sphere
from drawing.texture import fractal_noise, mix, smooth_step

WALLS: Sequence[Colour] = (
    (0.58, 0.52, 0.42), (0.42, 0.20, 0.13), (0.72, 0.69, 0.63), (0.34, 0.33, 0.33),
    (0.60, 0.47, 0.28), (0.66, 0.40, 0.26), (0.50, 0.52, 0.56), (0.70, 0.58, 0.40),
)  # fmt: skip
ROOFS: Sequence[Colour] = (
    (0.27, 0.16, 0.12), (0.40, 0.10, 0.06), (0.14, 0.16, 0.19), (0.12, 0.26, 0.22),
    (0.30, 0.28, 0.26), (0.10, 0.14, 0.30), (0.50, 0.38, 0.10),
)  # fmt: skip
SUN = Light(sun=(-0.8, 0.7, 0.7))


def random_tower(rng: np.random.Generator) -> Scene:
    """Two to four stages, square or round, with windows, ledges, a roof, and a clock or none."""
    is_round = rng.random() < 0.3
    half, floor = rng.uniform(1.0, 1.9), 0.0
    body: list[Solid] = []
    dark: list[Solid] = []
    for number in range(rng.integers(2, 5)):
        height = rng.uniform(1.8, 5.0) if number else rng.uniform(3.0, 7.0)
        body.append(_stage(rng, half, floor, height, is_round))
        dark.append(_column(half - 0.11, floor + 0.1, height - 0.2, is_round))
        floor += height
        if rng.random() < 0.8:
            body.append(_column(half * rng.uniform(1.08, 1.25), floor - 0.12, 0.24, is_round))
        half *= rng.uniform(0.72, 0.96)
    roof, top = _roof(rng, half, floor, is_round)
    wall = WALLS[rng.integers(len(WALLS))]
    around = ((0.0, top / 2, 0.0), top / 2 + 2.4)
    parts = [
        Part(_union(body), stone(wall, course=rng.uniform(0.2, 0.5), contrast=0.14), around),
        Part(_union(dark), plain((0.04, 0.04, 0.05)), around),
        Part(
            roof, plain(ROOFS[rng.integers(len(ROOFS))], 0.3), ((0.0, floor, 0.0), top - floor + 2)
        ),
    ]
    if rng.random() < 0.5 and not is_round:
        parts.append(
            Part(_clocks(half / 0.85 * 1.02, floor - 0.9), plain((0.85, 0.83, 0.74), 0.02))
        )
    parts.append(lawn())
    camera = Camera((0.0, 2.2, 30.0), (0.0, 2.2, 0.0), fov=26 + 0.55 * top, shift=0.38)
    return Scene(parts, camera, day_sky(), SUN)


def random_house(rng: np.random.Generator) -> Scene:
    """One to three wings with rows of windows under gabled or hipped roofs, and a chimney."""
    walls: list[Solid] = []
    dark: list[Solid] = []
    roofs: list[Solid] = []
    x = 0.0
    for wing in range(rng.integers(1, 4)):
        long, deep = rng.uniform(1.4, 3.4), rng.uniform(1.2, 2.2)
        height = rng.uniform(1.6, 4.2)
        middle = (x, 0.0, rng.uniform(-0.6, 0.6) if wing else 0.0)
        walls.append(_windowed(rng, middle, (long, height, deep)))
        inside = (middle[0], height / 2, middle[2])
        dark.append(_box_at(inside, (long - 0.1, height / 2 - 0.02, deep - 0.1)))
        roofs.append(_house_roof(rng, middle, (long, height, deep)))
        x += rng.choice([-1.0, 1.0]) * (long + rng.uniform(0.8, 1.8))
    walls.append(_box_at((0.5, 3.0, -0.3), (0.22, rng.uniform(1.4, 2.2), 0.22)))
    around = ((0.0, 2.5, 0.0), 9.0)
    wall = WALLS[rng.integers(len(WALLS))]
    parts = [
        Part(_union(walls), stone(wall, course=rng.uniform(0.15, 0.4), contrast=0.1), around),
        Part(_union(dark), plain((0.05, 0.055, 0.07)), around),
        Part(_union(roofs), plain(ROOFS[rng.integers(len(ROOFS))], 0.3), around),
        lawn(),
    ]
    camera = Camera((0.0, 1.9, 17.0), (0.0, 1.9, 0.0), fov=36, shift=0.14)
    return Scene(parts, camera, day_sky(), SUN)


def random_land(rng: np.random.Generator) -> Scene:
    """Hills or mountains, with snow on those that are high, a meadow or a lake before them."""
    seed, tall = rng.uniform(0, 60), rng.uniform(4.0, 18.0)
    near, far = rng.uniform(6, 14), rng.uniform(26, 46)
    has_lake = rng.random() < 0.55
    frequency = rng.uniform(0.045, 0.08)

    def height(p: Array) -> Array:
        ridge = fractal_noise(p[:, 0] * frequency + seed, p[:, 2] * frequency, octaves=5)
        gentle = fractal_noise(p[:, 0] * 0.2 + seed, p[:, 2] * 0.2, octaves=3) * 0.8
        rise = smooth_step(near, far, -p[:, 2])
        return (gentle - (1.1 if has_lake else 0.3) + tall * rise * ridge).astype(np.float32)

    def solid(p: Array) -> Array:
        return ((p[:, 1] - height(p)) * np.float32(0.45)).astype(np.float32)

    def soil(p: Array, normals: Array) -> Array:
        share = fractal_noise(p[:, 0] * 0.9, p[:, 1] * 0.9, p[:, 2] * 0.9, octaves=5)
        grass = mix(_colour(0.05, 0.07, 0.02), _colour(0.20, 0.20, 0.07), share)
        rock = mix(_colour(0.12, 0.11, 0.10), _colour(0.36, 0.33, 0.30), share)
        steep = smooth_step(0.75, 0.55, normals[:, 1]) + smooth_step(3.0, 8.0, p[:, 1])
        land = mix(grass, rock, np.clip(steep, 0, 1))
        snow = smooth_step(0.42 * tall, 0.62 * tall, p[:, 1] + 3 * (share - 0.5)) * (tall > 11)
        return mix(land, _colour(0.80, 0.83, 0.88), snow)

    def waves(p: Array, normals: Array) -> Array:
        swell = fractal_noise(p[:, 0] * 0.8, p[:, 2] * 2.4, octaves=4)
        deep = _colour(0.02, 0.07, 0.10)
        return mix(deep, _colour(0.20, 0.30, 0.36), smooth_step(0.3, 0.8, swell))

    parts = [Part(solid, soil)]
    if has_lake:
        parts.append(Part(lambda p: p[:, 1], waves))
    camera = Camera(
        (0.0, rng.uniform(1.8, 4.5), 14.0), (0.0, 2.0, -10.0), fov=rng.uniform(34, 50), shift=0.1
    )
    return Scene(parts, camera, day_sky(), SUN)


def _stage(
    rng: np.random.Generator, half: float, floor: float, height: float, is_round: bool
) -> Solid:
    """A column with openings cut into each side: rows of windows, tall slits or arches."""
    columns = int(rng.integers(1, 4))
    width = half / (columns + rng.uniform(1.2, 2.2))
    offsets = (np.arange(columns) - (columns - 1) / 2) * (2 * half / (columns + 0.6))
    xs = [float(x) for x in offsets if x >= -1e-6]
    kind = str(rng.choice(["rows", "slits", "arch", "blank"], p=[0.45, 0.25, 0.2, 0.1]))
    rows = max(1, round(height / rng.uniform(1.0, 1.8)))
    spacing = height / rows

    def solid(p: Array) -> Array:
        d = _column(half, floor, height, is_round)(p)
        q = moved(folded(p), (0, floor, 0))
        for x in xs:
            local = moved(q, (x, 0, half))
            if kind == "rows":
                y = local[:, 1]
                row = np.clip(np.floor(y / spacing), 0, rows - 1) * spacing + spacing / 2
                cell = np.stack([local[:, 0], y - row.astype(np.float32), local[:, 2]], axis=1)
                d = np.maximum(d, -box(cell, (width * 0.6, spacing * 0.3, 0.2)))
            elif kind == "slits":
                middle = moved(local, (0, height / 2, 0))
                d = np.maximum(d, -box(middle, (width * 0.35, height * 0.38, 0.2)))
            elif kind == "arch":
                opening = moved(local, (0, height * 0.12, 0))
                d = np.maximum(d, -arch(opening, width * 0.7, height * 0.75, 0.3))
        return d.astype(np.float32)

    return solid


def _column(half: float, floor: float, height: float, is_round: bool) -> Solid:
    middle = (0, floor + height / 2, 0)
    if is_round:
        return lambda p: cylinder(moved(p, middle), half, height / 2)
    return lambda p: box(moved(p, middle), (half, height / 2, half))


def _roof(
    rng: np.random.Generator, half: float, floor: float, is_round: bool
) -> tuple[Solid, float]:
    """The roof of a tower, and how high it ends."""
    kind = str(rng.choice(["point", "spire", "dome", "flat"], p=[0.35, 0.2, 0.25, 0.2]))
    eaves = half * rng.uniform(1.0, 1.2)
    tapered = cone if is_round else pyramid
    if kind == "dome":
        height = half * rng.uniform(0.8, 1.3)

        def dome(p: Array) -> Array:
            q = moved(p, (0, floor, 0))
            shell = np.maximum(ellipsoid(q, (eaves, height, eaves)), -q[:, 1])
            return np.minimum(shell, sphere(moved(q, (0, height + 0.1, 0)), 0.2)).astype(np.float32)

        return dome, floor + height
    if kind == "flat":

        def parapet(p: Array) -> Array:
            q = folded(moved(p, (0, floor, 0)))
            x = q[:, 0] - np.float32(0.6) * np.round(q[:, 0] / 0.6)
            tooth = np.stack([x, q[:, 1] - np.float32(0.3), q[:, 2] - np.float32(eaves)], axis=1)
            wall = box(moved(q, (0, 0.05, 0)), (eaves, 0.1, eaves))
            teeth = np.maximum(box(tooth, (0.18, 0.3, 0.12)), q[:, 0] - np.float32(eaves))
            return np.minimum(wall, teeth).astype(np.float32)

        return parapet, floor + 0.6
    height = half * (rng.uniform(1.2, 2.2) if kind == "point" else rng.uniform(2.6, 4.2))
    return (lambda p: tapered(moved(p, (0, floor, 0)), eaves, 0.03, height)), floor + height


def _clocks(half: float, y: float) -> Solid:
    def solid(p: Array) -> Array:
        q = folded(moved(p, (0, y, 0)))
        facing = np.stack([q[:, 0], q[:, 2] - np.float32(half), q[:, 1]], axis=1)
        return cylinder(facing, half * 0.5, 0.07)

    return solid


def _windowed(rng: np.random.Generator, middle: Sequence[float], size: Sequence[float]) -> Solid:
    """Four walls around `middle`, windows cut into front and back. size: half, whole, half."""
    long, height, deep = size
    columns, rows = max(1, round(long * rng.uniform(1.0, 1.8))), max(1, round(height / 1.5))
    pitch, storey = 2 * long / columns, height / rows
    has_door = rng.random() < 0.7

    def solid(p: Array) -> Array:
        q = moved(p, middle)
        wall = box(moved(q, (0, height / 2, 0)), (long, height / 2, deep))
        column = np.clip(np.floor((q[:, 0] + long) / pitch), 0, columns - 1)
        x = q[:, 0] + np.float32(long) - ((column + 0.5) * pitch).astype(np.float32)
        row = np.clip(np.floor(q[:, 1] / storey), 0, rows - 1)
        y = q[:, 1] - ((row + 0.55) * storey).astype(np.float32)
        hole = np.stack([x, y, np.abs(q[:, 2]) - np.float32(deep)], axis=1)
        wall = np.maximum(wall, -box(hole, (pitch * 0.24, storey * 0.27, 0.2)))
        if has_door:
            door = moved(q, (0, 0.55, deep))
            wall = np.maximum(wall, -box(door, (0.32, 0.6, 0.2)))
        return wall.astype(np.float32)

    return solid


def _house_roof(rng: np.random.Generator, middle: Sequence[float], size: Sequence[float]) -> Solid:
    long, height, deep = size
    pitch, is_hipped = rng.uniform(0.5, 1.1), rng.random() < 0.4

    def solid(p: Array) -> Array:
        q = moved(p, (middle[0], height, middle[2]))
        slope = np.abs(q[:, 2]) - np.float32(deep + 0.22)
        ends = np.abs(q[:, 0]) - np.float32(long + 0.22)
        if is_hipped:
            slope = np.maximum(slope, ends)
        slope = (slope * np.float32(pitch) + q[:, 1]) / np.float32(np.hypot(1, pitch))
        return np.maximum.reduce([slope, ends, -q[:, 1] - np.float32(0.04)]).astype(np.float32)

    return solid


def _box_at(middle: Sequence[float], half: Sequence[float]) -> Solid:
    return lambda p: box(moved(p, middle), half)


def _union(solids: Sequence[Solid]) -> Solid:
    return lambda p: np.minimum.reduce([solid(p) for solid in solids])


def _colour(*levels: float) -> Array:
    return np.array(levels, dtype=np.float32)
