"""A concept as transparent pictures: its glyphs and drawings, back to front, each time a little
differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from tasks.pocket.world.concepts import Concept, Part
from tasks.pocket.world.drawings import draw
from tasks.pocket.world.glyphs import resized

SIZE_JITTER, PLACE_JITTER = 0.12, 0.05
"""How far the parts of a scene stray: a share of their size, of the picture's side."""

Glyphs = Mapping[str, Sequence[Image.Image]]


def draw_scene(
    glyphs: Glyphs, concept: Concept, size: int, rng: np.random.Generator | None = None
) -> Image.Image:
    """`concept` as RGBA, size x size; what no part covers is transparent.

    rng: chooses artists and moves parts; without, the first artist draws them where they belong.
    Raises BadInput for a drawing that does not exist.
    """
    canvas = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    for part in concept.parts:
        x, y, side = part.x, part.y, part.size
        if rng is not None and len(concept.parts) > 1:
            side *= 1 + SIZE_JITTER * rng.uniform(-1, 1)
            x += PLACE_JITTER * rng.uniform(-1, 1)
            y += PLACE_JITTER * rng.uniform(-1, 1)
        picture = _picture(glyphs, part, max(8, round(side * size)), rng)
        corner = (round(x * size - picture.width / 2), round(y * size - picture.width / 2))
        layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        layer.paste(picture, corner)
        canvas = Image.alpha_composite(canvas, layer)
    return canvas


def _picture(glyphs: Glyphs, part: Part, side: int, rng: np.random.Generator | None) -> Image.Image:
    if part.glyph.startswith("@"):
        return draw(part.glyph[1:], side)
    artists = glyphs[part.glyph]
    return resized(artists[0 if rng is None else int(rng.integers(len(artists)))], side)
