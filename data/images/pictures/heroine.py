"""As the web has it: a comic heroine with two long blue braids, of our own design."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import Canvas, mirrored, smooth

SKIN, SKIN_SHADE = (250, 218, 200), (232, 182, 166)
HAIR, HAIR_SHADE, HAIR_LIGHT = (54, 150, 214), (30, 100, 170), (120, 200, 240)
INK, EYE, LIP = (36, 28, 52), (60, 160, 110), (196, 70, 96)
JACKET, SHIRT, STAR = (64, 48, 96), (238, 90, 120), (255, 214, 90)

STAR_POINTS = [
    (50, 86), (51.6, 90), (56, 90.3), (52.6, 93), (54, 97.4),
    (50, 95), (46, 97.4), (47.4, 93), (44, 90.3), (48.4, 90),
]  # fmt: skip
FRINGE = [
    (27, 44), (25, 28), (32, 14), (50, 8), (68, 14), (75, 28), (73, 44),
    (68, 32), (62, 37), (56, 27), (47, 36), (42, 27), (34, 36),
]  # fmt: skip


def draw() -> Image.Image:
    art = Canvas()
    art.gradient((92, 56, 132), (250, 130, 130))
    art.glow((50, 40), 70, (255, 220, 170), 0.75)
    for side in (-1, 1):
        _braid(art, side)
    neck = [(42, 58), (42, 72), (50, 76), (58, 72), (58, 58)]
    art.outlined(smooth(neck, closed=True), SKIN_SHADE, INK, 1.3)
    shoulders = [(20, 102), (24, 80), (40, 72), (60, 72), (76, 80), (80, 102)]
    art.outlined(smooth(shoulders, closed=True), JACKET, INK, 1.3)
    art.outlined([(41, 72), (50, 84), (59, 72), (58, 101), (42, 101)], SHIRT, INK, 1.3)
    art.polygon(STAR_POINTS, STAR)
    for side in (-1, 1):
        art.polygon(mirrored([(41, 72), (34, 75), (38, 88), (47, 82)], side), (90, 70, 128))
    face = smooth(
        [(30, 34), (30, 48), (36, 59), (50, 67), (64, 59), (70, 48), (70, 34), (50, 22)],
        closed=True,
    )
    art.outlined(face, SKIN, INK, 1.3)
    for side in (-1, 1):
        _eye(art, side)
    art.curve([(50, 49), (48.6, 53), (50.5, 54)], SKIN_SHADE, 1.1)
    art.curve([(44.5, 59.5), (50, 61), (56, 58.3)], LIP, 1.6)
    art.outlined(smooth(FRINGE, closed=True), HAIR, INK, 1.3)
    for lock in (
        [(34, 17), (44, 12), (54, 12)],
        [(31, 26), (36, 21), (42, 19)],
        [(60, 15), (66, 19), (69, 26)],
    ):
        art.curve(lock, HAIR_LIGHT, 1.4)
    art.curve([(50, 9), (49, 16), (45, 26)], HAIR_SHADE, 1.1)
    return art.finish()


def _braid(art: Canvas, side: int) -> None:
    """Links of plaited hair from the temple down past the edge of the picture."""
    path = [(27, 38), (21, 45), (17, 53), (14, 62), (12, 71), (11, 80), (11, 89), (12, 98)]
    for index, (x, y) in enumerate(reversed(path)):
        ((middle, _),) = mirrored([(x, y)], side)
        lean = 28 if (index % 2 == 0) == (side < 0) else -28
        art.ellipse((middle, y), (6.6, 6.2), INK, lean)
        art.ellipse((middle, y), (5.6, 5.0), HAIR if index % 2 else HAIR_SHADE, lean)
        art.ellipse((middle - 1.2, y - 1.6), (2.4, 1.0), HAIR_LIGHT, lean)


def _eye(art: Canvas, side: int) -> None:
    white = smooth(
        mirrored([(36, 44), (39, 39.5), (44, 39.5), (47, 44.5), (42, 47.5)], side), closed=True
    )
    art.polygon(white, (255, 255, 255))
    ((x, _),) = mirrored([(42, 43)], side)
    art.ellipse((x, 43.5), (2.9, 3.7), EYE)
    art.ellipse((x, 44), (1.5, 2.1), INK)
    art.ellipse((x - 1, 42), (1, 1.1), (255, 255, 255))
    art.curve(mirrored([(34.5, 44.5), (38.5, 39), (44, 38.8), (47.5, 43)], side), INK, 1.7)
    art.curve(mirrored([(35.5, 36.5), (40, 33.8), (46, 35.5)], side), HAIR_SHADE, 1.6)
