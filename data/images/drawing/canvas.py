"""Flat pictures: shapes with clean edges, as a drawing program makes them.

Coordinates run from 0 to 100 in both directions, y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = 256
SUPERSAMPLING = 4

Points = Sequence[tuple[float, float]]
Colour = tuple[int, ...]


class Canvas:
    """Painted from back to front."""

    def __init__(self, background: Colour | str = "white") -> None:
        side = SIZE * SUPERSAMPLING
        self.image = Image.new("RGB", (side, side), background)
        self._unit = side / 100

    def polygon(self, points: Points, colour: Colour) -> None:
        self._paint(self.mask_of(points), colour)

    def outlined(self, points: Points, colour: Colour, ink: Colour, width: float) -> None:
        """A polygon with a line around it, as in a comic."""
        self.polygon(points, colour)
        self.line(points, ink, width, closed=True)

    def blob(self, points: Points, colour: Colour) -> None:
        """A closed shape whose edge runs smoothly through `points`."""
        self._paint(self.mask_of(smooth(points, closed=True)), colour)

    def ellipse(
        self,
        center: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        turn: float = 0,
    ) -> None:
        """turn: in degrees, clockwise."""
        self.polygon(ellipse_points(center, radii, turn), colour)

    def line(self, points: Points, colour: Colour, width: float, closed: bool = False) -> None:
        """With round ends and corners."""
        self._paint(self.stroke_mask(points, width, closed), colour)

    def curve(self, points: Points, colour: Colour, width: float, closed: bool = False) -> None:
        """A line that runs smoothly through `points`."""
        self.line(smooth(points, closed), colour, width, closed)

    def gradient(self, top: Colour, bottom: Colour, points: Points | None = None) -> None:
        """From one colour to another, over the whole picture or inside a shape."""
        share = np.linspace(0, 1, self.image.height)[:, None, None]
        rows = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
        fill = Image.fromarray(rows.round().astype(np.uint8)).resize(self.image.size)
        self.image.paste(fill, mask=self.mask_of(points) if points is not None else None)

    def glow(
        self, center: tuple[float, float], radius: float, colour: Colour, share: float
    ) -> None:
        """Light around a point, fading outwards."""
        mask = self.mask_of(ellipse_points(center, (radius * 0.55, radius * 0.55)))
        mask = mask.filter(ImageFilter.GaussianBlur(radius * 0.3 * self._unit))
        self._paint(mask.point(lambda level: int(level * share)), colour)

    def mask_of(self, points: Points) -> Image.Image:
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self._pixels(points), fill=255)
        return mask

    def stroke_mask(self, points: Points, width: float, closed: bool = False) -> Image.Image:
        mask = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(mask)
        reach = width * self._unit / 2
        path = [*points, points[0]] if closed else points
        for x, y in self._pixels(densely(path, width / 12)):
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        return mask

    def finish(self) -> Image.Image:
        return self.image.resize((SIZE, SIZE), Image.Resampling.BOX)

    def _paint(self, mask: Image.Image, colour: Colour) -> None:
        self.image.paste(Image.new("RGB", self.image.size, colour), mask=mask)

    def _pixels(self, points: Points) -> list[tuple[float, float]]:
        return [(x * self._unit, y * self._unit) for x, y in points]


def mirrored(points: Points, side: int) -> list[tuple[float, float]]:
    """The points as they are for side -1, and on the other half of the picture for side 1."""
    return [(x if side < 0 else 100 - x, y) for x, y in points]


def ellipse_points(
    center: tuple[float, float], radii: tuple[float, float], turn: float = 0, count: int = 120
) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = radii[0] * np.cos(angles), radii[1] * np.sin(angles)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return list(zip(center[0] + c * x - s * y, center[1] + s * x + c * y, strict=True))


def densely(points: Points, step: float) -> list[tuple[float, float]]:
    """The line through `points`, a point at least every `step` units."""
    path: list[tuple[float, float]] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        count = max(int(np.hypot(x1 - x0, y1 - y0) / step), 1)
        path.extend((x0 + (x1 - x0) * k / count, y0 + (y1 - y0) * k / count) for k in range(count))
    return [*path, points[-1]]


def smooth(points: Points, closed: bool = False, steps: int = 14) -> list[tuple[float, float]]:
    """A Catmull-Rom curve through `points`."""
    p: NDArray[np.float64] = np.asarray(points, dtype=np.float64)
    ends = (p[-1:], p[:2]) if closed else (p[:1], p[-1:])
    p = np.concatenate([ends[0], p, ends[1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    if not closed:
        pieces.append(p[-2:-1])
    return [(float(x), float(y)) for x, y in np.concatenate(pieces)]
