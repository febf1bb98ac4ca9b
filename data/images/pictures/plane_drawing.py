"""By hand: an aeroplane in the sky."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, GREY, RED, SKY, Marker


def draw() -> Image.Image:
    pen = Marker(seed=23)
    pen.fill([(0, 0), (100, 0), (100, 100), (0, 100)], SKY, angle=-12, width=4.5, gap=0.92)
    for x, y, size in ((18, 22, 11), (80, 80, 13), (22, 84, 9)):
        cloud = smooth(
            [(x - size, y + 3), (x - size * 0.8, y - 3), (x - size * 0.35, y - 6),
             (x + size * 0.1, y - 8), (x + size * 0.6, y - 5), (x + size, y), (x + size, y + 4),
             (x, y + 5)],
            closed=True,
        )  # fmt: skip
        pen.polygon(cloud, (255, 255, 255))
        pen.stroke(cloud, (120, 150, 190), 1.1, closed=True)
    far_wing = [(46, 46), (60, 24), (67, 24), (60, 48)]
    tail = [(17, 46), (9, 27), (18, 27), (29, 45)]
    body = smooth(
        [(12, 46), (30, 44), (60, 45), (80, 47), (91, 53), (84, 59), (60, 61), (34, 60), (18, 54)],
        closed=True,
    )
    near_wing = [(42, 56), (24, 82), (34, 83), (62, 58)]
    small_wing = [(20, 52), (8, 61), (16, 62), (30, 54)]
    for shape, colour in (
        (far_wing, RED), (tail, RED), (body, (255, 255, 255)), (near_wing, RED), (small_wing, RED),
    ):  # fmt: skip
        pen.polygon(shape, (255, 250, 244))
        if colour == RED:
            pen.fill(shape, RED, angle=60, width=2.2, gap=0.7)
        pen.stroke(shape, BLACK, 1.5, closed=True)
    for x in (36, 43, 50, 57, 64):
        pen.polygon(ellipse_points((x, 50), (1.9, 2.2)), (150, 205, 240))
        pen.ring((x, 50), (1.9, 2.2), BLACK, 1.0)
    pen.stroke([(76, 47.5), (76, 52), (85, 52)], BLACK, 1.2)
    pen.fill(ellipse_points((46, 68), (6.5, 3)), GREY, width=1.8, gap=0.6)
    pen.ring((46, 68), (6.5, 3), BLACK, 1.3)
    return pen.finish()
