"""By hand: a sailing boat on the sea."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.canvas import ellipse_points
from drawing.marker import BLACK, BROWN, RED, YELLOW, Marker

SEA = (64, 138, 204)
AIR = (255, 232, 200)


def draw() -> Image.Image:
    pen = Marker(seed=61)
    pen.fill([(0, 0), (100, 0), (100, 64), (0, 64)], AIR, angle=4, width=5, gap=0.9)
    sun = ellipse_points((22, 24), (10, 10))
    pen.polygon(sun, (255, 245, 220))
    pen.fill(sun, (250, 150, 50), angle=30, width=2.2, gap=0.7)
    pen.fill([(0, 62), (100, 64), (100, 100), (0, 100)], SEA, angle=2, width=4, gap=0.88)
    hull = [(24, 68), (84, 66), (74, 84), (36, 85)]
    pen.polygon(hull, (240, 220, 200))
    pen.fill(hull, BROWN, angle=4, width=2.6, gap=0.7)
    mainsail = [(57, 10), (57, 62), (84, 60)]
    foresail = [(51, 18), (51, 62), (28, 63)]
    pen.polygon(mainsail, (255, 255, 255))
    pen.polygon(foresail, (255, 240, 236))
    pen.fill(foresail, RED, angle=60, width=2.6, gap=0.72)
    pen.stroke([(54, 6), (54, 67)], BLACK, 2.2)
    flag = [(54, 5), (65, 8), (54, 12)]
    pen.fill(flag, YELLOW, angle=0, width=1.8, gap=0.6)
    for shape in (hull, mainsail, foresail, flag):
        pen.stroke(shape, BLACK, 1.6, closed=True)
    for y, shift in ((76, 0), (90, 4), (96, -5)):
        x = np.linspace(-4, 104, 28)
        wave = [(float(a), float(y + shift * 0.2 + 1.5 * np.sin(a * 0.5 + y))) for a in x]
        if y == 76:
            for part in (wave[:7], wave[22:]):
                pen.arc(part, (30, 84, 150), 1.3)
        else:
            pen.arc(wave, (30, 84, 150), 1.3)
    for left, top in ((71, 18), (83, 26)):
        gull = [(left + 2.5 * k, top + 3 * (k % 2 == 0)) for k in range(5)]
        pen.arc(gull, BLACK, 1.3)
    return pen.finish()
