"""Pictures of solids in daylight, as a camera would take them: rays stepped by distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
Colour = tuple[float, float, float]

Solid = Callable[[Array], Array]
"""Points [n, 3] to signed distances [n]."""

Surface = Callable[[Array, Array], Array]
"""Points [n, 3] and normals [n, 3] to the share of light sent back [n, 3], linear."""

SIZE = 256
SUPERSAMPLING = 3
FARTHEST = 400.0
STEPS = 220
PRECISION = 0.0006


@dataclass(frozen=True)
class Part:
    """One solid and what it looks like. bound: (centre, radius) of a sphere around it, outside of
    which its distance need not be known exactly. role: "subject", "tree", "ground" or "water",
    which a variation of a scene moves and recolours alike."""

    solid: Solid
    surface: Surface
    bound: tuple[Sequence[float], float] | None = None
    role: str = "subject"


@dataclass(frozen=True)
class Light:
    """sun: direction towards it. sunlight, skylight, bounce: linear colours, bounce from below.
    haze: its colour, and per unit of distance how much of it lies before things."""

    sun: Sequence[float] = (-0.5, 0.6, -0.6)
    sunlight: Colour = (1.9, 1.7, 1.4)
    skylight: Colour = (0.42, 0.55, 0.75)
    bounce: Colour = (0.14, 0.13, 0.11)
    haze_colour: Colour = (0.62, 0.72, 0.85)
    haze: float = 0.002


@dataclass(frozen=True)
class Camera:
    """fov: of the height, in degrees. shift: how far the picture is moved up on the film, in
    heights, which keeps walls upright as a view camera does."""

    position: Sequence[float]
    target: Sequence[float]
    fov: float = 35.0
    shift: float = 0.0


@dataclass(frozen=True)
class Scene:
    """sky: directions [n, 3] to linear colours [n, 3]. exposure: of the film. grain: of the film,
    in 8-bit levels."""

    parts: Sequence[Part]
    camera: Camera
    sky: Callable[[Array], Array]
    light: Light = field(default_factory=Light)
    exposure: float = 0.75
    grain: float = 1.0


@dataclass(frozen=True)
class Found:
    """What the rays through one part's pixels met. hit: their numbers [n]. distance: [n].
    points, normals: [n, 3]. sun: how much of the sun's light each gets [n, 1]. open_sky: how much
    of the sky [n, 1]."""

    part: int
    hit: NDArray[np.int64]
    distance: Array
    points: Array
    normals: Array
    sun: Array
    open_sky: Array


@dataclass(frozen=True)
class Survey:
    """All that does not depend on colours: directions of the rays [side * side, 3], and what each
    part's rays found."""

    side: int
    directions: Array
    found: Sequence[Found]


def take(scene: Scene) -> Image.Image:
    """The scene as a SIZE x SIZE picture."""
    side = SIZE * SUPERSAMPLING
    film = _film(develop(scene, survey(scene, side)) * scene.exposure)
    film = film.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING, 3).mean(axis=(1, 3))
    film = film * 255 + np.random.default_rng(0).normal(0, scene.grain, (SIZE, SIZE, 1))
    return Image.fromarray(np.clip(np.round(film), 0, 255).astype(np.uint8))


def survey(scene: Scene, side: int, precision: float = PRECISION) -> Survey:
    """What a ray through each of side x side pixels meets, and how sun and sky light it.

    precision: a ray has met a part at this fraction of the way it came.
    """
    origin, directions = _rays(scene.camera, side)
    origins = np.broadcast_to(origin, directions.shape)
    distance, part = _march(scene, origins, directions, precision=precision)
    found = []
    for index, member in enumerate(scene.parts):
        hit = np.flatnonzero(part == index)
        if not hit.size:
            continue
        points = origin + distance[hit, None] * directions[hit]
        normals = _normals(member.solid, points)
        sun, open_sky = _light_met(scene, points, normals, precision)
        found.append(Found(index, hit, distance[hit], points, normals, sun, open_sky))
    return Survey(side, directions, found)


def develop(scene: Scene, seen: Survey) -> Array:
    """Linear colours [side, side, 3] of a survey of this scene, or of one that has the same solids,
    camera and direction of the sun in other colours."""
    colours = scene.sky(seen.directions).astype(np.float32)
    for each in seen.found:
        member = scene.parts[each.part]
        lit = member.surface(each.points, each.normals) * _illumination(scene.light, each)
        veil = 1 - np.exp(-scene.light.haze * each.distance[:, None])
        colours[each.hit] = lit + (np.asarray(scene.light.haze_colour) - lit) * veil
    return colours.reshape(seen.side, seen.side, 3)


def exposed(scene: Scene, linear: Array) -> Array:
    """Linear colours as 8-bit levels, float [..., 3], without grain."""
    return _film(linear * scene.exposure) * 255


def _rays(camera: Camera, side: int) -> tuple[Array, Array]:
    origin = np.asarray(camera.position, dtype=np.float32)
    forward = _unit(np.asarray(camera.target, dtype=np.float32) - origin)
    right = _unit(np.cross(forward, np.array([0, 1, 0], dtype=np.float32)))
    up = np.cross(right, forward)
    half = np.tan(np.radians(camera.fov) / 2)
    across = ((np.arange(side) + 0.5) / side * 2 - 1) * half
    down = -across + 2 * half * camera.shift
    directions = (forward + across[None, :, None] * right + down[:, None, None] * up).reshape(-1, 3)
    return origin, _unit(directions).astype(np.float32)


def _march(
    scene: Scene,
    origins: Array,
    directions: Array,
    farthest: float = FARTHEST,
    precision: float = PRECISION,
) -> tuple[Array, NDArray[np.int64]]:
    """How far each ray goes, and the part it meets, -1 for none."""
    count = len(directions)
    travelled = np.full(count, 0.01, dtype=np.float32)
    met = np.full(count, -1, dtype=np.int64)
    active = np.arange(count)
    for _ in range(STEPS):
        points = origins[active] + travelled[active, None] * directions[active]
        nearest, index = _distance(scene.parts, points)
        close = nearest < precision * travelled[active] + 0.0004
        met[active[close]] = index[close]
        travelled[active] += np.where(close, 0, nearest)
        active = active[~close & (travelled[active] < farthest)]
        if not active.size:
            break
    return travelled, met


def _distance(parts: Sequence[Part], points: Array) -> tuple[Array, NDArray[np.int64]]:
    nearest = np.full(len(points), np.float32(1e9))
    index = np.zeros(len(points), dtype=np.int64)
    for number, part in enumerate(parts):
        if part.bound is None:
            found = part.solid(points)
        else:
            centre, radius = part.bound
            away = points - np.asarray(centre, dtype=np.float32)
            # A step to the bound's own surface is short enough, and cheaper.
            found = np.sqrt((away * away).sum(axis=1)) - np.float32(radius)
            inside = found < 0.1
            if inside.any():
                found[inside] = part.solid(points[inside])
        closer = found < nearest
        nearest = np.where(closer, found, nearest).astype(np.float32)
        index[closer] = number
    return nearest, index


def _normals(solid: Solid, points: Array) -> Array:
    # Four corners of a tetrahedron give the gradient with four distances in place of six.
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], dtype=np.float32)
    gradient = np.zeros_like(points)
    for corner in corners:
        gradient += corner * solid(points + corner * np.float32(0.002))[:, None]
    return _unit(gradient)


def _light_met(
    scene: Scene, points: Array, normals: Array, precision: float
) -> tuple[Array, Array]:
    """How much of the sun's light and of the sky each point gets, [n, 1] each."""
    sun = _unit(np.asarray(scene.light.sun, dtype=np.float32))
    start = points + normals * np.float32(0.01)
    facing = np.clip(normals @ sun, 0, None)
    toward_sun = np.broadcast_to(sun, points.shape)
    _, blocked = _march(scene, start, toward_sun, farthest=60.0, precision=precision)
    return (facing * (blocked < 0))[:, None], _openness(scene, start, normals)[:, None]


def _illumination(light: Light, found: Found) -> Array:
    normals = found.normals
    direct = found.sun * np.asarray(light.sunlight, dtype=np.float32)
    upward = (0.5 + 0.5 * normals[:, 1:2]) * found.open_sky
    downward = (0.5 - 0.5 * normals[:, 1:2]) * found.open_sky
    sky = upward * np.asarray(light.skylight, dtype=np.float32)
    return direct + sky + downward * np.asarray(light.bounce, dtype=np.float32)


def _openness(scene: Scene, points: Array, normals: Array) -> Array:
    """How much of the sky each point sees, guessed from the room in front of it."""
    hidden = np.zeros(len(points), dtype=np.float32)
    weight = 1.0
    for reach in (0.08, 0.2, 0.5, 1.1):
        room, _ = _distance(scene.parts, points + normals * np.float32(reach))
        hidden += np.float32(weight) * np.clip(reach - room, 0, None) / np.float32(reach)
        weight *= 0.7
    return np.clip(1 - 0.42 * hidden, 0.08, 1).astype(np.float32)


def _film(linear: Array) -> Array:
    """Linear light to sRGB, highlights rolled off as film does."""
    # Narkowicz's fit to the ACES film curve: deep shadows, a soft shoulder.
    rolled = linear * (2.51 * linear + 0.03) / (linear * (2.43 * linear + 0.59) + 0.14)
    rolled = np.clip(rolled, 0, 1)
    return np.where(rolled < 0.0031308, rolled * 12.92, 1.055 * rolled ** (1 / 2.4) - 0.055)


def _unit(vectors: Array) -> Array:
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)
