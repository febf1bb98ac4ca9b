"""Sampling of the last checkpoint, step by step: a sheet that moves, and its final frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.grid import MARGIN, Sheet, choose_scale, draw_blocks
from tasks.figures.drawing.inputs import sample_object, sampled_block
from tasks.figures.drawing.moving import looping_webp
from tasks.figures.drawing.pixels import Images
from tasks.figures.drawing.style import SHEET_INK, SHEET_MUTED, mix, sheet_font
from tasks.figures.plots import Plot
from tasks.running.step import Step

FRAME_MILLISECONDS = 90
FINAL_MILLISECONDS = 1800
FOOTER = 30
FAINT = mix("#191b20", "#a0a9b4", 0.25)
LEVELS = 32
"""Grey levels of a moving frame: noise hides the step of 8, and the file halves. The final frame
and the still keep all 256."""


def draw_animation(step: Step) -> Drawing:
    """From noise to digits: "animation.webp", with the final frame as "image.png".

    Under each frame stands its t, beside a line that shows how far sampling is.
    """
    arrays = step.read_arrays("sample", sample_object(step))
    times = [float(time) for time in arrays["times"]]
    rows, columns = int(step.params["rows"]), int(step.params["columns"])
    last = len(times) - 1
    sheets = []
    for index, (frame, time) in enumerate(zip(arrays["frames"], times, strict=True)):
        pixels = frame if index == last else _fewer_levels(frame)
        block = sampled_block(step, "sample", images=pixels)
        sheet = draw_blocks([block], choose_scale(columns))
        sheets.append(_with_footer(sheet, time_label(time, times), index / last if last else 1.0))
    durations = [FRAME_MILLISECONDS] * last + [FINAL_MILLISECONDS]
    webp = looping_webp([sheet.image for sheet in sheets], durations)
    alt = (
        f"Sampling of {rows * columns} digits in {len(times)} frames, from noise at "
        f"{time_label(times[0], times)} to the samples at {time_label(times[-1], times)}."
    )
    return Drawing.of_sheet(sheets[-1], alt, animation_webp=webp)


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
    pen.line((start, y, end, y), fill=FAINT, width=2)
    pen.line((start, y, start + round((end - start) * progress), y), fill=SHEET_MUTED, width=2)
    return Sheet(image, sheet.blocks)


PLOTS = [Plot("animation", draw_animation)]
