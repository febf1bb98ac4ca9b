"""A child's chalk scribble of a dog on black, as found on the cover of a record."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import ellipse_points
from drawing.marker import Marker

CHALK = (244, 242, 236)


def draw() -> Image.Image:
    pen = Marker(seed=77, wobble=0.9, paper=(14, 14, 16))
    pen.arc([(30, 40), (29, 30), (36, 23), (46, 22), (53, 28), (54, 38), (48, 46), (38, 48)],
            CHALK, 2.9, closed=True)  # fmt: skip
    pen.arc([(32, 41), (22, 41), (15, 45), (16, 51), (24, 53), (36, 49)], CHALK, 2.9)
    for ear in ([(33, 27), (28, 13), (41, 23)], [(47, 23), (54, 11), (56, 27)]):
        pen.stroke(ear, CHALK, 2.9)
    pen.fill(ellipse_points((17, 45), (3.2, 2.6)), CHALK, width=1.6, gap=0.6)
    pen.polygon(ellipse_points((38, 34), (2.4, 2.8)), CHALK)
    pen.polygon(ellipse_points((47, 33), (2.2, 2.8)), CHALK)
    pen.arc([(20, 52), (24, 56), (29, 53)], (226, 92, 92), 2)
    pen.arc([(46, 46), (60, 44), (76, 46), (84, 54), (82, 66), (66, 70), (50, 69), (42, 62),
             (42, 48)], CHALK, 2.9)  # fmt: skip
    for x, foot in ((48, 46), (56, 55), (72, 71), (79, 80)):
        pen.stroke([(x + 2, 68), (foot + 2, 88), (foot - 4, 89)], CHALK, 3.4)
    pen.arc([(84, 54), (92, 48), (95, 36), (90, 30)], CHALK, 3)
    for spot in ((60, 55), (72, 60)):
        pen.fill(ellipse_points(spot, (5, 4)), CHALK, angle=30, width=1.4, gap=1.0)
    pen.arc([(4, 92), (30, 94), (62, 92), (97, 94)], (96, 164, 84), 2.6)
    return pen.finish()
