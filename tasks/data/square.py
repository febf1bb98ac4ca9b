"""The square of a picture that models see."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks import BadInput
from tasks.store.node import JSON

IMAGE_SIZE = 256
"""Side of a prepared picture: what stage II makes, and four times what stage I does."""

MIN_SIDE = 32
"""Pixels. Of a smaller square nothing is left to recognise, even at stage I's 64x64."""


def cut_square(image: Image.Image, crop: Mapping[str, JSON], name: str) -> Image.Image:
    """The square of `image` that `crop` names, as IMAGE_SIZE x IMAGE_SIZE.

    crop: {"center": [x, y], "side": s}: x, y in fractions of width and height, s of the shorter
    side; the square is moved to lie inside. Raises BadInput if it has fewer than MIN_SIDE pixels.
    """
    left, top, side = square_box(*image.size, crop)
    if side < MIN_SIDE:
        width, height = image.size
        what = "" if side == min(width, height) else f", and crop keeps {side}x{side} of it"
        raise BadInput(
            f"{name} is {width}x{height} pixels{what}; expected at least {MIN_SIDE}x{MIN_SIDE}; "
            "use a larger picture"
        )
    # Cropped first: resize with a box would let pixels from beside it bleed into its edge.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)


def square_box(width: int, height: int, crop: Mapping[str, JSON]) -> tuple[int, int, int]:
    """left, top and side in pixels, inside the picture."""
    shorter = min(width, height)
    side = min(max(round(crop["side"] * shorter), 1), shorter)
    x, y = crop["center"]
    left = min(max(round(x * width - side / 2), 0), width - side)
    top = min(max(round(y * height - side / 2), 0), height - side)
    return left, top, side


def to_png(image: Image.Image) -> bytes:
    """A PNG file without metadata: one picture, one sequence of bytes."""
    buffer = io.BytesIO()
    plain = Image.frombytes(image.mode, image.size, image.tobytes())
    plain.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def model_image(png: bytes, size: int) -> NDArray[np.float32]:
    """A prepared picture as models take it: [3, size, size] float32 in [-1, 1]."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        picture = image.convert("RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    levels = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(levels / np.float32(127.5) - np.float32(1))
