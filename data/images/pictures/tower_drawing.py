"""By hand: a bell tower with a clock and a pointed roof, drawn with a few strokes."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, DARK_GREEN, GREEN, SKY, Marker


def draw() -> Image.Image:
    pen = Marker(seed=11)
    pen.fill([(0, 0), (100, 0), (100, 76), (0, 78)], SKY, angle=8, width=4.2, gap=0.9)
    pen.fill([(0, 80), (100, 77), (100, 100), (0, 100)], GREEN, angle=-5, width=4)
    shaft = [(40, 84), (41, 34), (59, 34), (60, 84)]
    pen.polygon(shaft, (248, 240, 224))
    pen.fill(shaft, (226, 208, 176), angle=85, width=2.6)
    head = [(38, 34), (38, 22), (62, 22), (62, 34)]
    pen.polygon(head, (248, 240, 224))
    pen.fill(head, (236, 220, 190), angle=80, width=2.6)
    roof = [(37, 22), (50, 4), (63, 22)]
    pen.polygon(roof, (240, 200, 180))
    pen.fill(roof, (196, 92, 62), angle=55, width=2.4)
    for shape in (shaft, head, roof):
        pen.stroke(shape, BLACK, 1.5, closed=True)
    pen.polygon(ellipse_points((50, 43), (6, 6)), (255, 255, 255))
    pen.ring((50, 43), (6, 6), BLACK, 1.4)
    pen.stroke([(50, 43), (50, 39.5)], BLACK, 1.1)
    pen.stroke([(50, 43), (53, 44)], BLACK, 1.1)
    for x in (43, 50, 57):
        pen.stroke([(x, 33), (x, 27), (x, 26)], BLACK, 1.8)
    for y in (55, 64, 73):
        for x in (46, 54):
            pen.stroke([(x, y), (x, y + 4.5)], BLACK, 1.6)
    for x, y, size in ((16, 76, 12), (83, 75, 13), (30, 82, 8), (72, 82, 8)):
        crown = smooth(
            [(x - size, y + 4), (x - size * 0.8, y - size * 0.6), (x, y - size),
             (x + size * 0.8, y - size * 0.6), (x + size, y + 4), (x, y + 7)],
            closed=True,
        )  # fmt: skip
        pen.polygon(crown, (200, 226, 190))
        pen.fill(crown, DARK_GREEN, angle=40, width=2.4)
        pen.stroke(crown, BLACK, 1.3, closed=True)
    return pen.finish()
