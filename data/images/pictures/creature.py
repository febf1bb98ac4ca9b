"""As the web has it: a round apricot creature with a crest of lightning, of our own design."""

from __future__ import annotations

from PIL import Image

from drawing.canvas import Canvas, mirrored, smooth

COAT, SHADE, BELLY = (255, 176, 96), (226, 128, 62), (255, 236, 204)
INK, CHEEK, BOLT = (62, 40, 52), (64, 190, 186), (255, 226, 80)


def draw() -> Image.Image:
    art = Canvas((226, 244, 236))
    art.ellipse((50, 93), (33, 5), (190, 222, 208))
    # A tail that curls, with a tuft.
    curl = [(70, 86), (84, 86), (93, 76), (90, 64), (80, 62), (77, 69), (82, 73)]
    art.curve(curl, INK, 7.6)
    art.curve(curl, SHADE, 4.8)
    art.ellipse((82, 73), (4.8, 4.8), INK)
    art.ellipse((82, 73), (3.4, 3.4), BELLY)
    for side in (-1, 1):
        ((x, y),) = mirrored([(25, 24)], side)
        art.ellipse((x, y), (14.2, 14.2), INK)
        art.ellipse((x, y), (12.8, 12.8), COAT)
        art.ellipse((x, y), (7.4, 7.4), CHEEK)
    bolt = [(46, 24), (41, 13), (48, 14), (45, 2), (58, 15), (52, 14.5), (55, 24)]
    art.outlined(bolt, BOLT, INK, 1.5)
    for side in (-1, 1):
        foot = smooth(
            mirrored([(30, 88), (28, 94), (36, 96), (45, 94), (44, 86)], side), closed=True
        )
        art.outlined(foot, SHADE, INK, 1.5)
    body = smooth(
        [(28, 72), (24, 84), (34, 92), (50, 94), (66, 92), (76, 84), (72, 72), (64, 60), (36, 60)],
        closed=True,
    )
    art.outlined(body, COAT, INK, 1.5)
    art.ellipse((50, 81), (15, 11), BELLY)
    head = smooth(
        [
            (18, 46),
            (22, 30),
            (36, 21),
            (50, 19),
            (64, 21),
            (78, 30),
            (82, 46),
            (74, 60),
            (50, 66),
            (26, 60),
        ],
        closed=True,
    )
    art.outlined(head, COAT, INK, 1.5)
    for side in (-1, 1):
        arm = smooth(
            mirrored([(32, 67), (24, 70), (23, 78), (30, 80), (37, 74)], side), closed=True
        )
        art.outlined(arm, COAT, INK, 1.5)
        (x, y), (cheek, _) = mirrored([(36, 42), (26, 52)], side)
        art.ellipse((x, y), (5.2, 6.4), INK)
        art.ellipse((x - 1.6, 39.5), (1.8, 2.2), (255, 255, 255))
        art.ellipse((cheek, 52), (5.4, 4.4), CHEEK)
    art.ellipse((50, 48.5), (2, 1.4), INK)
    art.curve([(43, 53), (46.5, 56.5), (50, 53.5), (53.5, 56.5), (57, 53)], INK, 1.3)
    return art.finish()
