"""A concept as one transparent picture: its glyphs and drawings, back to front."""

from __future__ import annotations

from PIL import Image, ImageFont

from tasks.pocket.concepts import Concept
from tasks.pocket.drawings import draw
from tasks.pocket.glyphs import draw_glyph


def draw_scene(font: ImageFont.FreeTypeFont, concept: Concept, size: int) -> Image.Image:
    """`concept` as RGBA, size x size; what no part covers is transparent.

    Raises BadInput for a glyph or drawing that does not exist.
    """
    canvas = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    for part in concept.parts:
        side = round(part.size * size)
        corner = (round(part.x * size - side / 2), round(part.y * size - side / 2))
        if part.glyph.startswith("@"):
            picture = draw(part.glyph[1:], side)
        else:
            picture = draw_glyph(font, part.glyph, side)
        layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        layer.paste(picture, corner)
        canvas = Image.alpha_composite(canvas, layer)
    return canvas
