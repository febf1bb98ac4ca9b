"""Sampling as a moving sheet: one WebP that loops, and the final frame as a still."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tasks.figures.grid import MARGIN, Block, Images, Sheet, draw_blocks
from tasks.figures.origin import UNKNOWN, Origin
from tasks.figures.style import SHEET_INK, SHEET_MUTED, mix, sheet_font

FRAME_MILLISECONDS = 90
FINAL_MILLISECONDS = 1800
FOOTER = 30
LEVELS = 32
"""Grey levels of a moving frame: noise hides the step of 8, and the file halves. The final frame
and the still keep all 256."""


def draw_animation(
    frames: Images,
    times: Sequence[float],
    rows: int,
    columns: int,
    scale: int,
    column_labels: Sequence[str] = (),
    origin: Origin = UNKNOWN,
    column_origins: Sequence[Origin] = (),
) -> tuple[Sheet, bytes]:
    """The still (final frame) and the WebP of frames [K, rows * columns, height, width] u8.

    times: t of each frame, printed under it, beside a line that shows how far sampling is.
    """
    if len(frames) != len(times) or not len(frames):
        raise ValueError(f"{len(frames)} frames with {len(times)} times")
    sheets = []
    for index, (frame, time) in enumerate(zip(frames, times, strict=True)):
        is_last = index == len(frames) - 1
        pixels = frame if is_last else _fewer_levels(frame)
        block = Block(
            pixels.reshape(rows, columns, *frame.shape[1:]),
            column_labels=column_labels,
            origin=origin,
            column_origins=column_origins,
        )
        sheet = draw_blocks([block], scale)
        progress = index / (len(frames) - 1) if len(frames) > 1 else 1.0
        sheets.append(_with_footer(sheet, time_label(time, times), progress))
    durations = [FRAME_MILLISECONDS] * (len(sheets) - 1) + [FINAL_MILLISECONDS]
    return sheets[-1], looping_webp([sheet.image for sheet in sheets], durations)


def time_label(time: float, times: Sequence[float]) -> str:
    """ "t = 0.52" for time in [0, 1], "t = 150" for steps of a schedule."""
    return f"t = {time:.2f}" if max(times) <= 1.5 else f"t = {time:.0f}"


def _fewer_levels(frame: Images) -> Images:
    step = 255 / (LEVELS - 1)
    levels: NDArray[np.float64] = np.round(np.round(frame / step) * step)
    return levels.astype(np.uint8)


def _with_footer(sheet: Sheet, text: str, progress: float) -> Sheet:
    width, height = sheet.image.size
    image = Image.new("RGB", (width, height + FOOTER - MARGIN // 2), sheet.image.getpixel((0, 0)))
    image.paste(sheet.image, (0, 0))
    pen = ImageDraw.Draw(image)
    y = height + (FOOTER - MARGIN) // 2 - 2
    font = sheet_font(13)
    pen.text((MARGIN, y), text, font=font, fill=SHEET_INK, anchor="lm")
    # The line starts where the longest label ends, so it never moves.
    start, end = MARGIN + 84, width - MARGIN
    pen.line((start, y, end, y), fill=_faint(), width=2)
    pen.line((start, y, start + round((end - start) * progress), y), fill=SHEET_MUTED, width=2)
    return Sheet(image, sheet.blocks)


def _faint() -> str:
    return mix("#191b20", "#a0a9b4", 0.25)


def looping_webp(
    images: Sequence[Image.Image], durations: Sequence[int], quality: int | None = None
) -> bytes:
    """An animation of RGB images, each shown for its duration in milliseconds.

    quality: 1 to 100 of lossy compression, None for none.
    """
    options = {"lossless": True, "quality": 60} if quality is None else {"quality": quality}
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=list(images[1:]),
        duration=list(durations),
        loop=0,
        method=2,
        **options,
    )
    return buffer.getvalue()
