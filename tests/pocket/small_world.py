"""A world of four concepts in flat shapes, and photographs of two kinds, that needs no font."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tasks.pocket.world.concepts import Concept, Part
from tasks.pocket.world.photographs import SIDE, Photographs
from tasks.pocket.world.treatments import STYLES
from tasks.pocket.world.world import World

STYLE_WEIGHTS = {name: 1.0 for name in STYLES}


def shape(colour: tuple[int, int, int], side: int = 80) -> Image.Image:
    """A disc above a bar: not its own mirror image upside down."""
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((side // 4, 0, 3 * side // 4, side // 2), fill=(*colour, 255))
    pen.rectangle((0, 3 * side // 5, side - 1, side - 1), fill=(20, 20, 40, 255))
    return picture


GLYPHS = {
    "a": [shape((220, 30, 30)), shape((240, 90, 60))],
    "b": [shape((30, 160, 60))],
    "c": [shape((30, 60, 220))],
}
CONCEPTS = [
    Concept("a dog", ("a hound",), (Part("a", 0.5, 0.5, 0.94),), True),
    Concept("a rose", (), (Part("b", 0.5, 0.5, 0.94),), True),
    Concept("a skull", (), (Part("c", 0.5, 0.5, 0.94),), False),
    Concept("a rose on a dog", (), (Part("a", 0.5, 0.6, 0.7), Part("b", 0.5, 0.2, 0.4)), True),
]


def photographs() -> Photographs:
    """Two kinds: bright skies over dark land, and the other way round."""
    pictures = np.full((6, SIDE, SIDE, 3), 60, np.uint8)
    pictures[:3, : SIDE // 2] = 210
    pictures[3:, SIDE // 2 :] = 210
    kind = np.array([0, 0, 0, 1, 1, 1], np.int64)
    return Photographs(pictures, kind, [["a tower", "a bell tower"], ["a lake"]])


def small_world(*, has_photographs: bool = True, side: int = 64, seed: int = 0) -> World:
    shown = photographs() if has_photographs else None
    return World(CONCEPTS, GLYPHS, shown, STYLE_WEIGHTS, side=side, seed=seed)
