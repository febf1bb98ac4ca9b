"""By hand: a panda that sits and eats bamboo."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, DARK_GREEN, GREEN, Marker

# A first coat, which the strokes of the marker go over.
UNDER = (66, 66, 74)


def draw() -> Image.Image:
    pen = Marker(seed=5)
    pen.fill([(0, 84), (100, 82), (100, 100), (0, 100)], GREEN, angle=3, width=4)
    body = smooth(
        [(28, 62), (26, 80), (36, 92), (62, 92), (72, 80), (70, 60), (50, 50)], closed=True
    )
    pen.polygon(body, (255, 255, 255))
    pen.stroke(body, BLACK, 1.6, closed=True)
    for ear in ((28, 17), (70, 17)):
        pen.polygon(ellipse_points(ear, (9, 9)), UNDER)
        pen.fill(ellipse_points(ear, (9, 9)), BLACK, angle=60, width=2.4, gap=0.6)
        pen.ring(ear, (9, 9), BLACK, 1.6)
    head = smooth(
        [(22, 36), (26, 20), (49, 12), (72, 20), (77, 36), (68, 54), (49, 59), (30, 54)],
        closed=True,
    )
    pen.polygon(head, (255, 255, 255))
    pen.stroke(head, BLACK, 1.7, closed=True)
    for x, turn in ((37, 28), (61, -28)):
        pen.polygon(ellipse_points((x, 34), (6.2, 8.6), turn), UNDER)
        pen.fill(ellipse_points((x, 34), (6.2, 8.6), turn), BLACK, angle=70, width=2.2, gap=0.6)
        pen.polygon(ellipse_points((x + 0.3, 33.5), (2.5, 2.8)), (255, 255, 255))
        pen.polygon(ellipse_points((x + 0.6, 33.8), (1.5, 1.7)), (10, 10, 12))
    pen.fill(ellipse_points((49, 44), (4.2, 2.8)), BLACK, width=1.8, gap=0.5)
    pen.arc([(42, 49), (45.5, 51.5), (49, 48), (52.5, 51.5), (56, 49)], BLACK, 1.3)
    for leg in (((33, 87), 12, 8, 20), ((65, 87), 12, 8, -20)):
        center, rx, ry, turn = leg
        pen.polygon(ellipse_points(center, (rx, ry), turn), UNDER)
        pen.fill(ellipse_points(center, (rx, ry), turn), BLACK, angle=30, width=2.6, gap=0.6)
    left = smooth([(29, 58), (21, 66), (22, 76), (30, 78), (36, 70), (36, 60)], closed=True)
    right = smooth([(68, 57), (77, 62), (80, 70), (73, 76), (64, 70), (62, 60)], closed=True)
    for arm in (left, right):
        pen.polygon(arm, UNDER)
        pen.fill(arm, BLACK, angle=50, width=2.4, gap=0.6)
    pen.stroke([(84, 96), (77, 60), (73, 34)], (120, 176, 64), 3.4)
    for knot_x, knot_y in ((82.2, 86), (79.6, 73), (77.0, 60), (75.0, 47)):
        pen.stroke([(knot_x - 2, knot_y), (knot_x + 2, knot_y - 0.5)], DARK_GREEN, 1.2)
    for root, tip in (((75, 47), (91, 38)), ((73.5, 37), (86, 24)), ((76, 54), (94, 56))):
        (x0, y0), (x1, y1) = root, tip
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        leaf = smooth(
            [root, (middle[0] - 1, middle[1] - 3.5), tip, (middle[0] + 1, middle[1] + 3)],
            closed=True,
        )
        pen.fill(leaf, GREEN, angle=-30, width=1.8, gap=0.6)
    return pen.finish()
