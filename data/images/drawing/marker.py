"""Drawings by hand: felt-tip markers on paper, lines that waver and fills that leave gaps."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from drawing.canvas import Canvas, Colour, Points, densely, ellipse_points, smooth

PAPER: Colour = (250, 247, 240)
BLACK: Colour = (32, 32, 38)
SKY: Colour = (150, 205, 240)
GREEN: Colour = (92, 168, 72)
DARK_GREEN: Colour = (44, 112, 56)
BROWN: Colour = (140, 92, 56)
RED: Colour = (214, 52, 48)
YELLOW: Colour = (250, 206, 52)
GREY: Colour = (188, 186, 184)


class Marker(Canvas):
    """seed: of the hand's unsteadiness. wobble: how far it strays, in hundredths of the side."""

    def __init__(self, seed: int, wobble: float = 0.55, paper: Colour = PAPER) -> None:
        super().__init__(paper)
        self._random = np.random.default_rng(seed)
        self._wobble = wobble
        self._grain = self._paper_grain()

    def stroke(
        self, points: Points, colour: Colour, width: float = 1.6, closed: bool = False
    ) -> None:
        """A line through `points`, rounded at corners only as much as a quick hand does."""
        if closed:
            # A hand that closes a shape overshoots a little.
            points = [*points, points[0], _between(points[0], points[1], 0.12)]
        mask = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(mask)
        path = self._wavering(points)
        pressure = 1 + 0.16 * self._waves(len(path), 25)
        for (x, y), force in zip(self._pixels(path), pressure, strict=True):
            reach = width * self._unit * force / 2
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        self._ink(mask, colour, 0.95)

    def arc(self, points: Points, colour: Colour, width: float = 1.6, closed: bool = False) -> None:
        """A stroke that runs smoothly through `points`."""
        self.stroke(smooth(points, closed), colour, width, closed)

    def ring(
        self,
        center: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        width: float = 1.6,
        turn: float = 0,
    ) -> None:
        self.stroke(ellipse_points(center, radii, turn, 48), colour, width, closed=True)

    def fill(
        self,
        points: Points,
        colour: Colour,
        angle: float = 35,
        width: float = 2.6,
        gap: float = 0.78,
    ) -> None:
        """Hatched from edge to edge. gap: between the middles of strokes, in their widths."""
        middle = np.mean(np.asarray(points), axis=0)
        reach = float(np.abs(np.asarray(points) - middle).max()) * 1.5
        along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        across = np.array([-along[1], along[0]])
        hatch = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(hatch)
        for offset in np.arange(-reach, reach, width * gap):
            slip = self._random.normal(0, 0.25, 2)
            start = middle + across * (offset + slip[0]) - along * reach
            end = middle + across * (offset + slip[1]) + along * reach
            pen.line(
                self._pixels(self._wavering([tuple(start), tuple(end)])),
                fill=255,
                width=round(width * self._unit),
            )
        inside = self.mask_of(self._wavering([*points, points[0]]))
        self._ink(ImageChops.multiply(hatch, inside), colour, 0.9)
        # Where strokes overlap the ink is a little darker.
        self._ink(
            ImageChops.multiply(ImageChops.offset(hatch, 3, 5), ImageChops.multiply(hatch, inside)),
            colour,
            0.25,
        )

    def _ink(self, mask: Image.Image, colour: Colour, strength: float) -> None:
        """Marker ink is transparent: it darkens what lies under it."""
        soft = mask.filter(ImageFilter.GaussianBlur(1.2))
        share = np.asarray(soft, dtype=np.float32)[..., None] / 255 * strength * self._grain
        under = np.asarray(self.image, dtype=np.float32)
        inked = under * np.asarray(colour, dtype=np.float32) / 255
        # Dark colours cover more than a filter of their colour would.
        inked = 0.35 * inked + 0.65 * np.asarray(colour, dtype=np.float32)
        mixed = under + (inked - under) * share
        self.image = Image.fromarray(np.clip(mixed.round(), 0, 255).astype(np.uint8))

    def _paper_grain(self) -> np.ndarray:
        """How much ink the paper takes, [side, side, 1]."""
        side = self.image.width
        speckle = self._random.random((side // 4, side // 4)) * 255
        rough = Image.fromarray(speckle.astype(np.uint8)).resize((side, side))
        return 1 - 0.16 * (np.asarray(rough, dtype=np.float32)[..., None] / 255)

    def _wavering(self, points: Points) -> list[tuple[float, float]]:
        """`points` joined by steps of a fraction of a unit, each moved as the hand strays."""
        line = np.array(densely(points, 0.25), dtype=np.float64)
        for axis in range(2):
            line[:, axis] += self._wobble * self._waves(len(line), 36)
        return [(float(x), float(y)) for x, y in line]

    def _waves(self, count: int, length: int) -> np.ndarray:
        """Smooth noise around 0, one bump in about `length` steps."""
        knots = self._random.normal(0, 0.6, count // length + 3)
        return np.interp(np.arange(count) / length, np.arange(len(knots)), knots)


def _between(a: tuple[float, float], b: tuple[float, float], share: float) -> tuple[float, float]:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
