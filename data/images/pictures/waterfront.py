"""A waterfront by night: a tower of spheres and lit skyscrapers, mirrored in a river."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from drawing.canvas import Canvas
from drawing.texture import fractal_noise

SHORE = 66.0
# Left edge, width, height above the shore, and the colour of the lit windows.
HOUSES = [
    (2, 9, 22, (255, 206, 130)), (10, 7, 31, (160, 210, 255)), (18, 8, 18, (255, 196, 110)),
    (44, 8, 20, (255, 214, 150)), (51, 9, 36, (170, 216, 255)), (61, 7, 50, (255, 226, 170)),
    (69, 9, 33, (140, 200, 255)), (79, 7, 24, (255, 200, 120)), (87, 11, 29, (255, 180, 140)),
]  # fmt: skip
# Colours of the sky above and at the horizon.
HOURS = [
    ((10, 16, 52), (232, 118, 108)), ((6, 8, 24), (40, 44, 92)), ((20, 24, 70), (120, 90, 150)),
    ((40, 44, 92), (250, 170, 110)), ((8, 14, 40), (28, 70, 110)),
]  # fmt: skip


def draw(rng: np.random.Generator | None = None) -> Image.Image:
    """rng: for another city at another hour; without, the one of data/images."""
    art = Canvas()
    houses = HOUSES if rng is None else _other_houses(rng)
    hour = HOURS[0] if rng is None else HOURS[rng.integers(len(HOURS))]
    art.gradient((14, 18, 52), (196, 96, 112), [(0, 0), (100, 0), (100, 100), (0, 100)])
    art.gradient(*hour, [(0, -30), (100, -30), (100, SHORE + 14), (0, SHORE + 14)])
    generator = np.random.default_rng(8) if rng is None else rng
    for x in np.arange(-2, 102, 4.2):
        height = 6 + 9 * generator.random()
        art.polygon(_block(x, 4.6, height), (54, 40, 78))
    for left, width, height, glow in houses:
        _house(art, generator, left, width, height, glow)
    if rng is None or rng.random() < 0.4:
        _sphere_tower(art)
    art.polygon([(0, SHORE - 1.4), (100, SHORE - 1.4), (100, SHORE), (0, SHORE)], (40, 30, 44))
    for x in np.arange(1.5, 100, 4):
        art.glow((x, SHORE - 1), 2.6, (255, 190, 100), 1.0)
    return _mirrored(art).resize((256, 256), Image.Resampling.BOX)


def _other_houses(
    rng: np.random.Generator,
) -> list[tuple[float, float, float, tuple[int, int, int]]]:
    houses, left = [], float(rng.uniform(-4, 4))
    while left < 100:
        width, height = float(rng.uniform(5, 12)), float(rng.uniform(14, 54))
        houses.append((left, width, height, HOUSES[rng.integers(len(HOUSES))][3]))
        left += width + float(rng.uniform(-0.5, 9))
    return houses


def _block(left: float, width: float, height: float) -> list[tuple[float, float]]:
    right, top = left + width, SHORE - height
    return [(left, SHORE), (left, top), (right, top), (right, SHORE)]


def _house(
    art: Canvas,
    generator: np.random.Generator,
    left: float,
    width: float,
    height: float,
    glow: tuple[int, int, int],
) -> None:
    art.polygon(_block(left, width, height), (24, 24, 48))
    art.polygon(_block(left, width * 0.3, height), (34, 34, 62))
    for y in np.arange(SHORE - height + 1.2, SHORE - 2, 1.9):
        for x in np.arange(left + 0.8, left + width - 1, 1.5):
            lit = generator.random()
            if lit > 0.42:
                share = 0.45 + 0.55 * (lit - 0.42) / 0.58
                colour = tuple(int(level * share) for level in glow)
                art.polygon([(x, y), (x + 0.9, y), (x + 0.9, y + 1.0), (x, y + 1.0)], colour)
    if height > 45:
        middle = left + width / 2
        top = SHORE - height
        art.polygon([(left, top), (middle, top - 9), (left + width, top)], (44, 44, 74))
        art.line(
            [(middle, SHORE - height - 8), (middle, SHORE - height - 13)], (220, 220, 240), 0.5
        )


def _sphere_tower(art: Canvas) -> None:
    """Two spheres on a stem, and a needle: lit pink and violet."""
    for x in (28.6, 34.4):
        art.line([(31.5 + (x - 31.5) * 2.2, SHORE), (x, SHORE - 15)], (196, 150, 190), 1.0)
    for x in (30, 31.5, 33):
        art.line([(x, SHORE), (x, SHORE - 40)], (224, 170, 200), 0.9)
    art.line([(31.5, SHORE - 38), (31.5, SHORE - 60)], (240, 220, 240), 0.8)
    for y, radius in ((SHORE - 15, 5.6), (SHORE - 38, 4.0), (SHORE - 47, 1.7)):
        art.glow((31.5, y), radius * 3.2, (255, 90, 170), 0.7)
        art.ellipse((31.5, y), (radius, radius), (196, 44, 120))
        art.ellipse(
            (31.5 - radius * 0.2, y - radius * 0.25), (radius * 0.72, radius * 0.66), (240, 96, 160)
        )
        for row in (-0.35, 0.0, 0.35):
            reach = radius * float(np.sqrt(1 - row * row)) * 0.9
            art.line([(31.5 - reach, y + radius * row), (31.5 + reach, y + radius * row)],
                     (255, 190, 220), 0.45)  # fmt: skip


def _mirrored(art: Canvas) -> Image.Image:
    """The picture with what stands on the shore reflected in moving water below it."""
    pixels = np.asarray(art.image, dtype=np.float32)
    side = len(pixels)
    shore = int(side * SHORE / 100)
    depth = np.arange(side - shore)
    share = depth / len(depth)
    source = np.clip(shore - 1 - (depth * 1.25).astype(int), 0, None)
    columns = np.arange(side)
    waves = fractal_noise(
        (columns[None, :] / side * 14).astype(np.float32),
        (np.log1p(depth[:, None] / side * 30) * 22).astype(np.float32),
        octaves=3,
    )
    sway = ((waves - 0.5) * side * (0.012 + 0.06 * share[:, None])).astype(int)
    reflected = pixels[source[:, None], np.clip(columns[None, :] + sway, 0, side - 1)]
    blurred = Image.fromarray(reflected.astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(side / 260)
    )
    water = np.asarray(blurred, dtype=np.float32) * (0.72 - 0.3 * share[:, None, None])
    water = water * (0.8 + 0.45 * waves[..., None]) + np.array([4, 10, 26], dtype=np.float32)
    whole = np.concatenate([pixels[:shore], water])
    grain = np.random.default_rng(3).normal(0, 2.0, whole.shape[:2])[..., None]
    return Image.fromarray(np.clip(whole + grain, 0, 255).astype(np.uint8))
