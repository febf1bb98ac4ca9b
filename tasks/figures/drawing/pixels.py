"""Pictures as pixels, and at another size as squares of colour: nothing is invented."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Floats = NDArray[np.float64]


def upscale(image: Images, scale: int) -> Images:
    """Each pixel of [height, width] becomes a square of scale x scale equal pixels."""
    return np.repeat(np.repeat(image, scale, axis=0), scale, axis=1)


def seen_at(picture: Images, width: int) -> Images:
    """`picture` [height, width, 3] u8 drawn `width` pixels wide, its sides in proportion.

    Each pixel of the result is the mean of the area it covers, every pixel of the picture being a
    square of one colour. A multiple of the picture's width gives equal squares; fewer pixels than
    it has give what is left of it at a distance.
    """
    rows, columns = picture.shape[:2]
    if width % columns == 0:
        return upscale(picture, width // columns)
    height = max(1, round(rows * width / columns))
    down, across = area_weights(rows, height), area_weights(columns, width)
    mean = np.einsum("yr,rcb,xc->yxb", down, picture.astype(np.float64), across, optimize=True)
    result: Images = np.round(mean).clip(0, 255).astype(np.uint8)
    return result


def area_weights(count: int, wanted: int) -> Floats:
    """[wanted, count]: the share of each of `count` equal intervals in each of `wanted` ones."""
    ends = np.arange(count + 1) / count * wanted
    low = np.maximum(ends[None, :-1], np.arange(wanted)[:, None])
    high = np.minimum(ends[None, 1:], np.arange(1, wanted + 1)[:, None])
    return np.maximum(high - low, 0.0)


def to_pixels(image: NDArray[np.floating]) -> Images:
    """[3, height, width] in [-1, 1] as [height, width, 3] u8; what lies outside is cut."""
    levels = np.round((np.clip(image, -1.0, 1.0) + 1.0) * 127.5)
    pixels: Images = levels.astype(np.uint8).transpose(1, 2, 0)
    return pixels
