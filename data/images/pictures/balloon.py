"""As the web has it: a striped hot-air balloon over hills."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawing.canvas import Canvas, smooth

STRIPES = [(214, 58, 54), (250, 200, 70), (238, 240, 236), (66, 142, 196), (238, 240, 236),
           (250, 200, 70), (214, 58, 54)]  # fmt: skip


def draw() -> Image.Image:
    art = Canvas()
    art.gradient((98, 176, 232), (224, 242, 250))
    for x, y, size in ((16, 20, 1.0), (84, 52, 1.1), (80, 12, 0.7)):
        for dx, dy, r in ((-6, 1, 4), (0, -1.5, 5.5), (6, 1, 4.2), (0, 2.4, 4.4)):
            art.ellipse((x + dx * size, y + dy * size), (r * size * 1.2, r * size), (255, 255, 255))
    art.blob([(-10, 84), (18, 70), (44, 80), (70, 90), (60, 110), (-10, 110)], (126, 184, 98))
    art.blob([(30, 96), (60, 80), (86, 74), (110, 84), (110, 112), (30, 112)], (92, 160, 84))
    art.blob(
        [(-10, 94), (24, 86), (56, 94), (90, 90), (110, 95), (110, 112), (-10, 112)], (66, 134, 70)
    )
    _envelope(art)
    basket = [(44.5, 74), (55.5, 74), (54.5, 82), (45.5, 82)]
    for x0, x1 in ((42.5, 45), (57.5, 55), (48, 48), (52, 52)):
        art.line([(x0, 62), (x1, 75)], (96, 70, 52), 0.7)
    art.polygon(basket, (158, 104, 60))
    art.line([(44.2, 74), (55.8, 74)], (110, 70, 40), 1.6)
    for weave in (77, 79.5):
        art.line([(45.2, weave), (54.8, weave)], (126, 80, 46), 0.7)
    return art.finish()


def _envelope(art: Canvas) -> None:
    """Gores of a globe: each edge is the outline, narrowed to its place."""
    y = np.array([8, 10, 16, 26, 37, 47, 55, 61, 64])
    half = np.array([0, 11, 20.5, 26.5, 26.5, 22, 15, 9.5, 7.5])
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, len(STRIPES) + 1))
    for left, right, colour in zip(edges[:-1], edges[1:], STRIPES, strict=True):
        outline = smooth(list(zip(50 + left * half, y, strict=True)))
        back = smooth(list(zip(50 + right * half, y, strict=True)))
        shade = 1 - 0.22 * max((left + right) / 2, 0) - 0.06
        art.polygon([*outline, *reversed(back)], tuple(int(level * shade) for level in colour))
    for edge in edges[1:-1]:
        art.curve(list(zip(50 + edge * half, y, strict=True)), (120, 80, 70), 0.35)
    art.glow((40, 24), 16, (255, 255, 255), 0.35)
    art.polygon([(42.5, 61.5), (57.5, 61.5), (56.5, 65), (43.5, 65)], (170, 60, 50))
