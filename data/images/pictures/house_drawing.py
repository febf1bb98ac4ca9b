"""By hand: a house with a red roof, a tree and the sun."""

from __future__ import annotations

from math import cos, radians, sin

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, BROWN, DARK_GREEN, GREEN, RED, SKY, YELLOW, Marker


def draw() -> Image.Image:
    pen = Marker(seed=47)
    pen.fill([(0, 0), (100, 0), (100, 78), (0, 76)], (214, 236, 248), angle=6, width=5, gap=0.92)
    pen.fill([(0, 76), (100, 78), (100, 100), (0, 100)], GREEN, angle=4, width=4)
    sun = ellipse_points((84, 16), (9, 9))
    pen.polygon(sun, (255, 250, 220))
    pen.fill(sun, YELLOW, angle=30, width=2.2, gap=0.7)
    for angle in range(90, 300, 26):
        x, y = cos(radians(angle)), sin(radians(angle))
        pen.stroke([(84 + 11.5 * x, 16 - 11.5 * y), (84 + 18 * x, 16 - 18 * y)], YELLOW, 1.8)
    wall = [(16, 46), (58, 46), (58, 86), (16, 86)]
    pen.polygon(wall, (255, 248, 230))
    pen.fill(wall, (250, 226, 160), angle=88, width=3, gap=0.8)
    chimney = [(46, 34), (46, 18), (53, 18), (53, 40)]
    pen.polygon(chimney, (240, 220, 200))
    pen.fill(chimney, BROWN, angle=0, width=2, gap=0.7)
    pen.stroke(chimney, BLACK, 1.4, closed=True)
    roof = [(9, 47), (37, 20), (65, 47)]
    pen.polygon(roof, (250, 210, 200))
    pen.fill(roof, RED, angle=45, width=2.6, gap=0.72)
    door = [(32, 86), (32, 66), (43, 66), (43, 86)]
    pen.polygon(door, (240, 220, 200))
    pen.fill(door, BROWN, angle=85, width=2.2, gap=0.7)
    for shape in (wall, roof, door):
        pen.stroke(shape, BLACK, 1.6, closed=True)
    for x in (20, 47.5):
        window = [(x, 54), (x + 7.5, 54), (x + 7.5, 62), (x, 62)]
        pen.polygon(window, (255, 255, 255))
        pen.fill(window, SKY, angle=20, width=2, gap=0.8)
        pen.stroke(window, BLACK, 1.3, closed=True)
        pen.stroke([(x + 3.75, 54), (x + 3.75, 62)], BLACK, 1.0)
        pen.stroke([(x, 58), (x + 7.5, 58)], BLACK, 1.0)
    pen.arc([(50, 15), (54, 11), (51, 7), (56, 4)], (150, 150, 160), 1.6)
    trunk = [(78, 90), (79, 66), (85, 66), (86, 90)]
    pen.polygon(trunk, (240, 220, 200))
    pen.fill(trunk, BROWN, angle=85, width=2.2, gap=0.7)
    pen.stroke(trunk, BLACK, 1.4)
    crown = smooth(
        [(68, 62), (66, 52), (73, 43), (82, 40), (91, 44), (97, 54), (94, 64), (82, 69)],
        closed=True,
    )
    pen.polygon(crown, (210, 232, 200))
    pen.fill(crown, DARK_GREEN, angle=40, width=2.6, gap=0.74)
    pen.stroke(crown, BLACK, 1.5, closed=True)
    return pen.finish()
