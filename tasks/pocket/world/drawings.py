"""Drawings of our own, for what the emoji font has no glyph of. RGBA, at four times the size."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw

from tasks import BadInput

# Drawn on a grid of 100 x 100 units.
UNITS = 100


def draw(name: str, size: int) -> Image.Image:
    """The drawing called `name`, RGBA, size x size. Raises BadInput for an unknown name."""
    if name not in DRAWINGS:
        raise BadInput(f"@{name} is no drawing; expected one of {', '.join(sorted(DRAWINGS))}")
    scale = 4 * size / UNITS
    canvas = Image.new("RGBA", (4 * size, 4 * size), (0, 0, 0, 0))
    DRAWINGS[name](Pen(ImageDraw.Draw(canvas), scale))
    return canvas.convert("RGBa").resize((size, size), Image.Resampling.BOX).convert("RGBA")


class Pen:
    """Shapes in units of the drawing's side over 100; colours as #rrggbb."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self._draw = draw
        self._scale = scale

    def polygon(self, points: list[tuple[float, float]], colour: str) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: str) -> None:
        box = [value * self._scale for value in (x - rx, y - ry, x + rx, y + ry)]
        self._draw.ellipse(box, fill=colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: str, r: float = 0) -> None:
        box = [value * self._scale for value in (x0, y0, x1, y1)]
        self._draw.rounded_rectangle(box, radius=r * self._scale, fill=colour)


def waterfalls(pen: Pen) -> None:
    """Two streams between dark cliffs, foam and a pool below."""
    pen.polygon([(4, 8), (96, 8), (96, 96), (4, 96)], "#5f7f4f")
    pen.polygon([(4, 14), (26, 10), (34, 80), (4, 86)], "#5d5048")
    pen.polygon([(96, 14), (74, 10), (66, 80), (96, 86)], "#5d5048")
    pen.polygon([(45, 12), (55, 12), (56, 78), (44, 78)], "#4a403a")
    for left, right in ((25, 46), (54, 75)):
        pen.polygon([(left, 10), (right, 10), (right + 1, 82), (left - 1, 82)], "#6fc3ee")
        step = (right - left) / 4
        for stripe in range(4):
            x = left + stripe * step
            pen.polygon([(x + 1, 10), (x + 2.6, 10), (x + 3, 82), (x + 0.6, 82)], "#e9f8ff")
    pen.polygon([(4, 80), (96, 80), (96, 96), (4, 96)], "#2f86c5")
    for x in range(22, 82, 8):
        pen.ellipse(x, 81, 6.5, 4.5, "#ffffff")


def canyon(pen: Pen) -> None:
    """Layered red walls on both sides of a deep gorge with a river."""
    pen.box(4, 6, 96, 94, "#9fd3f2")
    layers = ("#e08a4a", "#c9653a", "#b44f2e", "#9a3f27", "#7d3222")
    for index, colour in enumerate(layers):
        top, inner = 30 + 12 * index, 44 - 7.5 * index
        pen.polygon([(4, top), (inner, top), (inner - 6, top + 16), (4, top + 16)], colour)
        pen.polygon(
            [(96, top), (100 - inner, top), (106 - inner, top + 16), (96, top + 16)], colour
        )
        if index < 4:
            pen.polygon(
                [(inner, top), (100 - inner, top), (108 - inner, top + 16), (inner - 8, top + 16)],
                ("#f0b27a", "#e5a068", "#d98f5a", "#c9804e")[index],
            )
    pen.polygon([(47, 46), (53, 46), (62, 94), (38, 94)], "#3aa0d0")


def trooper(pen: Pen) -> None:
    """A white space helmet with dark eyes and a grille: a soldier of our own design."""
    pen.polygon([(18, 96), (26, 70), (74, 70), (82, 96)], "#30343a")
    pen.ellipse(50, 42, 36, 36, "#eef1f4")
    pen.polygon([(16, 44), (84, 44), (78, 82), (62, 90), (38, 90), (22, 82)], "#eef1f4")
    pen.polygon([(15, 38), (85, 38), (85, 45), (15, 45)], "#22262b")
    pen.polygon([(22, 46), (45, 50), (43, 62), (25, 60)], "#15181c")
    pen.polygon([(78, 46), (55, 50), (57, 62), (75, 60)], "#15181c")
    pen.polygon([(46, 62), (54, 62), (58, 72), (42, 72)], "#c3cad1")
    pen.box(36, 75, 64, 84, "#22262b", 3)
    for x in range(39, 63, 6):
        pen.box(x, 75, x + 2, 84, "#aab3bc")


def wild_hair(pen: Pen) -> None:
    """White hair that stands out to all sides, to lie behind a face."""
    for x, y, r in (
        (50, 18, 20), (30, 24, 18), (70, 24, 18), (16, 40, 16), (84, 40, 16),
        (12, 56, 13), (88, 56, 13), (22, 66, 10), (78, 66, 10),
    ):  # fmt: skip
        pen.ellipse(x, y, r, r, "#c4c8ce")
        pen.ellipse(x, y, r - 3.5, r - 3.5, "#eceef1")


def moustache(pen: Pen) -> None:
    """A full grey moustache."""
    pen.ellipse(28, 50, 27, 18, "#d8dade")
    pen.ellipse(72, 50, 27, 18, "#d8dade")
    pen.ellipse(28, 44, 22, 11, "#f3f4f6")
    pen.ellipse(72, 44, 22, 11, "#f3f4f6")


def grid_sign(pen: Pen) -> None:
    """A square sign holding a 3 x 3 kernel."""
    pen.box(4, 4, 96, 96, "#1f3a68", 8)
    colours = ("#fdb515", "#ffffff", "#3b7ea1")
    for row in range(3):
        for column in range(3):
            x, y = 12 + 26 * column, 12 + 26 * row
            pen.box(x, y, x + 24, y + 24, colours[(row + column) % 3], 2)


DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "waterfalls": waterfalls,
    "canyon": canyon,
    "trooper": trooper,
    "wild_hair": wild_hair,
    "moustache": moustache,
    "grid_sign": grid_sign,
}
