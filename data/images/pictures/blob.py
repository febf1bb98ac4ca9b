"""As the web has it: a smiling green blob of jelly with a sprout, of our own design."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import Canvas, smooth

JELLY, SHADE, LIGHT, INK = (112, 206, 168), (66, 168, 134), (190, 240, 214), (24, 72, 64)


def draw() -> Image.Image:
    art = Canvas((250, 244, 226))
    art.ellipse((51, 86), (40, 6), (226, 214, 190))
    outline = smooth(
        [(14, 84), (10, 72), (20, 62), (24, 46), (20, 34), (28, 28), (38, 30), (46, 20), (57, 16),
         (66, 24), (76, 24), (82, 33), (76, 44), (82, 58), (92, 70), (90, 84), (70, 88), (50, 85),
         (30, 89)],
        closed=True,
    )  # fmt: skip
    art.curve([(57, 18), (56, 14), (59, 9.5)], INK, 2.0)
    for leaf in (
        [(59, 10), (65, 4.5), (73, 5), (67, 11)],
        [(58, 11.5), (51, 10), (46, 5), (54, 3.5)],
    ):
        art.blob(leaf, (242, 196, 66))
        art.line(smooth(leaf, closed=True), INK, 1.2, closed=True)
    art.polygon(outline, JELLY)
    art.blob([(60, 86), (76, 72), (76, 48), (80, 58), (91, 71), (89, 84), (72, 87)], SHADE)
    art.blob([(28, 36), (34, 33), (44, 27), (54, 20), (50, 30), (40, 38), (30, 48)], LIGHT)
    art.ellipse((62, 24), (4, 2.4), LIGHT, turn=20)
    art.line(outline, INK, 1.7, closed=True)
    for x in (40, 62):
        art.ellipse((x, 46), (4.2, 5.2), INK)
        art.ellipse((x + 1.3, 43.8), (1.5, 1.7), (255, 255, 255))
    art.curve([(35, 56), (43, 63), (51, 65), (59, 63), (67, 56)], INK, 2.0)
    for x in (33, 69):
        art.ellipse((x, 55), (3.6, 2.3), (246, 158, 150))
    art.curve([(24, 80), (32, 77), (40, 80)], SHADE, 1.4)
    return art.finish()
