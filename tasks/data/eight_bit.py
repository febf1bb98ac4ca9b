"""Any of Pillow's modes as 8-bit RGB. Pillow's own conversion clips levels above 255."""

from __future__ import annotations

import numpy as np
from PIL import Image

SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


class UnusableLevels(Exception):
    """The picture's levels have no agreed meaning as brightness. The message says which."""


def to_rgb(image: Image.Image) -> Image.Image:
    """`image` in mode RGB, what is transparent laid over white. Raises UnusableLevels."""
    if image.mode in SIXTEEN_BIT_MODES:
        return _grey(np.asarray(image).astype(np.float64) / 65535)
    if image.mode in ("I", "F"):
        return _grey(_unit_range(np.asarray(image).astype(np.float64), image.mode))
    if image.mode == "LAB":
        raise UnusableLevels("is in Lab colour")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image.convert("RGB")


def _unit_range(levels: np.ndarray, mode: str) -> np.ndarray:
    """Levels of 32 bits in [0, 1], where their range says what they mean."""
    if not np.isfinite(levels).all():
        raise UnusableLevels("has levels that are not finite numbers")
    low, high = levels.min(), levels.max()
    tops = (1, 255) if mode == "F" else (255, 65535)
    for top in tops:
        if low >= 0 and high <= top:
            return levels / top
    raise UnusableLevels(
        f"has 32-bit levels from {low:g} to {high:g}, expected 0 to {tops[0]} or 0 to {tops[1]}"
    )


def _grey(levels: np.ndarray) -> Image.Image:
    """levels: [height, width] in [0, 1]."""
    return Image.fromarray(np.round(levels * 255).astype(np.uint8)).convert("RGB")
