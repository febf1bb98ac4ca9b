"""A photograph under growing noise."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from tasks.figures.drawing import Drawing
from tasks.figures.grid import LABEL_GAP, LINE, MARGIN, Images
from tasks.figures.plots.schedules import read_schedules
from tasks.figures.style import SHEET_GROUND, SHEET_MUTED, png_bytes, sheet_font
from tasks.figures.words import join_words

if TYPE_CHECKING:
    from tasks.step import Step

GAP = 6


def draw_forward_strip(step: Step) -> Drawing:
    """The input "image" at params["size"] pixels, and at each of params["indices"], t counted
    from 0; one noise for all."""
    (schedule,) = read_schedules(step)
    size, indices = int(step.params["size"]), [int(index) for index in step.params["indices"]]
    x_0 = _photograph(step.read("image", "image.png"), size) * 2 - 1
    eps = np.random.default_rng(step.seed).standard_normal(x_0.shape)
    pictures = [x_0]
    for index in indices:
        alpha_bar = schedule.alpha_bar[index]
        pictures.append(np.sqrt(alpha_bar) * x_0 + np.sqrt(1 - alpha_bar) * eps)
    labels = ["original", *(f"t = {index}" for index in indices)]
    sheet = _row_of([_as_pixels((picture + 1) / 2) for picture in pictures], labels)
    alt = (
        f"A photograph of {size} pixels, clean and with the noise of t = "
        f"{join_words([str(index) for index in indices])}."
    )
    return Drawing({"image.png": png_bytes(sheet)}, sheet.width, sheet.height, alt)


def _photograph(data: bytes, size: int) -> np.ndarray:
    """[size, size, 3] in [0, 1]."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        resized = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.float64) / 255


def _as_pixels(image: np.ndarray) -> Images:
    pixels: Images = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return pixels


def _row_of(pictures: list[Images], labels: list[str]) -> Image.Image:
    """Pictures [height, width, 3] side by side, each with its label under it."""
    height, width = pictures[0].shape[:2]
    sheet = Image.new(
        "RGB",
        (
            2 * MARGIN + len(pictures) * (width + GAP) - GAP,
            2 * MARGIN + height + LABEL_GAP // 2 + LINE,
        ),
        SHEET_GROUND,
    )
    pen = ImageDraw.Draw(sheet)
    pen.fontmode = "L"
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = MARGIN + place * (width + GAP)
        sheet.paste(Image.fromarray(picture), (left, MARGIN))
        middle = (left + width // 2, MARGIN + height + LABEL_GAP // 2 + LINE // 2)
        pen.text(middle, label, font=sheet_font(13), fill=SHEET_MUTED, anchor="mm")
    return sheet
