"""By hand: a bear that peeks over a sign with a grid of nine squares, a sketch for a logo."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import ellipse_points, smooth
from drawing.marker import BLACK, Marker

BLUE = (28, 62, 128)
GOLD = (250, 182, 32)
FUR = (156, 106, 66)
GRID = ("bgb", "gwg", "bgb")


def draw() -> Image.Image:
    pen = Marker(seed=9, paper=(255, 255, 255))
    for x in (28, 72):
        ear = ellipse_points((x, 16), (10, 10))
        pen.fill(ear, FUR, angle=50, width=2.6, gap=0.66)
        pen.ring((x, 16), (10, 10), BLACK, 2)
        pen.fill(ellipse_points((x, 17), (5, 5)), (226, 180, 140), angle=50, width=2, gap=0.6)
    head = smooth(
        [(20, 44), (22, 26), (36, 13), (50, 10), (64, 13), (78, 26), (80, 44), (50, 56)],
        closed=True,
    )
    pen.polygon(head, (244, 226, 208))
    pen.fill(head, FUR, angle=50, width=2.8, gap=0.66)
    pen.stroke(head, BLACK, 2, closed=True)
    for x in (38, 62):
        pen.polygon(ellipse_points((x, 29), (3, 3.8)), (16, 16, 20))
        pen.polygon(ellipse_points((x + 1, 27.6), (1, 1.2)), (255, 255, 255))
    pen.polygon(ellipse_points((50, 37), (9.5, 6.5)), (240, 214, 184))
    pen.polygon(ellipse_points((50, 34.5), (4, 2.8)), (16, 16, 20))
    sign = [(24, 42), (76, 42), (76, 94), (24, 94)]
    pen.polygon(sign, (255, 255, 255))
    side = 52 / 3
    colours = {"b": BLUE, "g": GOLD, "w": (255, 255, 255)}
    for row, letters in enumerate(GRID):
        for column, letter in enumerate(letters):
            left, top = 24 + column * side, 42 + row * side
            right, bottom = left + side, top + side
            cell = [(left, top), (right, top), (right, bottom), (left, bottom)]
            if letter != "w":
                pen.fill(cell, colours[letter], angle=40, width=2.8, gap=0.66)
    for k in (1, 2):
        pen.stroke([(24 + k * side, 42), (24 + k * side, 94)], BLACK, 1.8)
        pen.stroke([(24, 42 + k * side), (76, 42 + k * side)], BLACK, 1.8)
    pen.stroke(sign, BLACK, 2.6, closed=True)
    for x in (24, 76):
        paw = smooth(
            [(x - 7, 47), (x - 6, 41), (x, 39), (x + 6, 41), (x + 7, 47), (x, 50)], closed=True
        )
        pen.polygon(paw, (244, 226, 208))
        pen.fill(paw, FUR, angle=50, width=2.4, gap=0.62)
        pen.stroke(paw, BLACK, 1.8, closed=True)
        for offset in (-2.6, 2.6):
            pen.stroke([(x + offset, 44), (x + offset, 48.5)], BLACK, 1.2)
    return pen.finish()
