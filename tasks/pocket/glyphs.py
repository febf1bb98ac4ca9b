"""Pictures of single glyphs, from an installed colour emoji font."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks import BadInput

# Noto Color Emoji holds bitmaps of one size only; FreeType refuses any other.
NATIVE_SIZE = 109


@lru_cache(maxsize=4)
def load_font(path: Path) -> ImageFont.FreeTypeFont:
    """The font at `path`. Raises BadInput, with what to install, where it cannot be used."""
    try:
        return ImageFont.truetype(str(path), NATIVE_SIZE, layout_engine=ImageFont.Layout.RAQM)
    except OSError as error:
        raise BadInput(
            f"{path}: no usable colour emoji font ({error}); install the Debian package "
            "fonts-noto-color-emoji, or set pocket.font to another bitmap emoji font"
        ) from None


def draw_glyph(font: ImageFont.FreeTypeFont, glyph: str, size: int) -> Image.Image:
    """`glyph` as RGBA, size x size, cropped to its ink and centred.

    Raises BadInput for a glyph that the font lacks.
    """
    left, top, right, bottom = font.getbbox(glyph)
    canvas = Image.new("RGBA", (int(right - left) + 8, int(bottom - top) + 8), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((4 - left, 4 - top), glyph, font=font, embedded_color=True)
    ink = canvas.getbbox()
    if ink is None or _is_monochrome(canvas.crop(ink)):
        raise BadInput(f"the font {font.path!r} has no picture of {glyph!r}; choose another glyph")
    glyph_picture = canvas.crop(ink)
    side = max(glyph_picture.size)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(
        glyph_picture, ((side - glyph_picture.width) // 2, (side - glyph_picture.height) // 2)
    )
    # Premultiplied, or the transparent black around the ink darkens its rim.
    return square.convert("RGBa").resize((size, size), Image.Resampling.BILINEAR).convert("RGBA")


def _is_monochrome(picture: Image.Image) -> bool:
    """Whether all ink is black: the box that a font draws for a glyph it lacks."""
    return not np.asarray(picture)[..., :3].any()
