"""By hand: two flowers on a meadow."""

from __future__ import annotations

from math import cos, radians, sin

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, BROWN, DARK_GREEN, GREEN, YELLOW, Marker


def draw() -> Image.Image:
    pen = Marker(seed=31)
    pen.fill([(0, 0), (100, 0), (100, 78), (0, 80)], (206, 232, 246), angle=10, width=5, gap=0.9)
    pen.fill([(0, 80), (100, 78), (100, 100), (0, 100)], GREEN, angle=-4, width=4)
    for x, y, foot, colour, count, size in (
        (33, 32, (38, 92), (240, 96, 150), 7, 9.5),
        (68, 46, (62, 92), (250, 190, 40), 9, 8.5),
    ):
        pen.arc([(x, y), ((x + foot[0]) / 2 + 2, (y + foot[1]) / 2), foot], DARK_GREEN, 2.6)
        side = -1 if x < 50 else 1
        bx, by = (x + foot[0]) / 2 + 2, (y + foot[1]) / 2 + 9
        leaf = smooth(
            [(bx, by), (bx + side * 7, by - 8), (bx + side * 17, by - 9), (bx + side * 9, by)],
            closed=True,
        )
        pen.polygon(leaf, (200, 226, 190))
        pen.fill(leaf, GREEN, angle=20, width=2, gap=0.7)
        pen.stroke(leaf, BLACK, 1.2, closed=True)
        for k in range(count):
            angle = 360 * k / count
            center = (x + 1.55 * size * cos(radians(angle)), y + 1.55 * size * sin(radians(angle)))
            petal = ellipse_points(center, (size * 0.95, size * 0.6 * 7 / count + 0.8), angle)
            pen.polygon(petal, (255, 244, 238))
            pen.fill(petal, colour, angle=angle, width=2.2, gap=0.7)
            pen.stroke(petal[::3], BLACK, 1.2, closed=True)
        heart = ellipse_points((x, y), (size * 0.8, size * 0.8))
        pen.polygon(heart, (255, 240, 200))
        pen.fill(heart, YELLOW if count == 7 else BROWN, angle=45, width=2, gap=0.7)
        pen.stroke(heart[::3], BLACK, 1.3, closed=True)
    return pen.finish()
