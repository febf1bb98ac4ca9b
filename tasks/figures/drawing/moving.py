"""A picture that goes from one look to another and back, with the words that belong to each."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from tasks.figures.drawing.grid import LABEL_GAP, LINE, MARGIN
from tasks.figures.drawing.picture_sheet import PictureSheet
from tasks.figures.drawing.style import SHEET_GROUND, SHEET_INK, SHEET_MUTED, sheet_font, wrap

MOVING_FRAMES = 14
FRAME_MILLISECONDS = 60
HOLD_MILLISECONDS = 1100
CAPTION_WIDTH = 300
LARGEST_FILE = 400_000
COLOURS = (128, 64, 32)
"""Of a moving frame; the most that keep the file small are taken. Held frames keep them all."""
QUALITIES = (85, 70, 50, 30)
"""Of lossy compression, for large or noisy pictures, where even so few colours take too much."""

_COMPRESSIONS: list[tuple[int | None, int | None]] = [
    *((colours, None) for colours in COLOURS),
    *((None, quality) for quality in QUALITIES),
]


@dataclass(frozen=True)
class Caption:
    """word: how the picture is seen, such as "upright". prompt: what it should then show."""

    word: str
    prompt: str


def eased_progress() -> list[float]:
    """0, the moving frames, 1: slow at both ends."""
    steps = MOVING_FRAMES + 1
    return [0.5 - 0.5 * math.cos(math.pi * step / steps) for step in range(steps)] + [1.0]


def there_and_back(
    frames: Sequence[Image.Image],
    progress: Sequence[float],
    captions: tuple[Caption, Caption],
    still: PictureSheet,
) -> tuple[PictureSheet, bytes]:
    """`still`, and a looping WebP of `frames`, each `progress` of the way; both ends are held.

    The caption of one end fades into that of the other while the picture moves. Both pictures are
    made equally large, since a page shows one in the place of the other.
    """
    words = _Words(captions, max(frames[0].width, CAPTION_WIDTH))
    own_width, own_height = words.size_under(frames[0])
    canvas = (max(own_width, still.image.width), max(own_height, still.image.height))
    last = len(frames) - 1
    order = [*range(last + 1), *range(last - 1, 0, -1)]
    durations = [HOLD_MILLISECONDS if i in (0, last) else FRAME_MILLISECONDS for i in order]
    data = b""
    for colours, quality in _COMPRESSIONS:
        sheets = [
            words.under(frame if i in (0, last) else _fewer_colours(frame, colours), p, canvas)
            for i, (frame, p) in enumerate(zip(frames, progress, strict=True))
        ]
        data = looping_webp([sheets[i] for i in order], durations, quality)
        if len(data) <= LARGEST_FILE:
            break
    return still.on_canvas(*canvas), data


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


def _fewer_colours(frame: Image.Image, colours: int | None) -> Image.Image:
    if colours is None:
        return frame
    pixels = np.asarray(frame)
    fewer = np.asarray(frame.quantize(colours, dither=Image.Dither.NONE).convert("RGB"))
    # The ground keeps its colour, or it would flicker between the frames that move and the others.
    is_ground = (pixels == pixels[0, 0]).all(axis=2, keepdims=True)
    return Image.fromarray(np.where(is_ground, pixels, fewer))


class _Words:
    """Two captions in lines, and their place under a picture."""

    def __init__(self, captions: tuple[Caption, Caption], width: int) -> None:
        self.font, self.width = sheet_font(13), width
        self.lines = [
            [(caption.word, SHEET_MUTED)]
            + [(line, SHEET_INK) for line in wrap(caption.prompt, self.font, width)]
            for caption in captions
        ]

    def size_under(self, frame: Image.Image) -> tuple[int, int]:
        """Of a sheet that just holds the frame and the longer caption."""
        words = LABEL_GAP + max(map(len, self.lines)) * LINE
        return self.width + 2 * MARGIN, frame.height + words + 2 * MARGIN

    def under(self, frame: Image.Image, p: float, canvas: tuple[int, int]) -> Image.Image:
        sheet = Image.new("RGB", canvas, SHEET_GROUND)
        top = (sheet.height - self.size_under(frame)[1]) // 2 + MARGIN
        sheet.paste(frame, ((sheet.width - frame.width) // 2, top))
        pen = ImageDraw.Draw(sheet)
        pen.fontmode = "L"
        # Never both at once: one has gone when the other begins to show.
        strength = abs(1 - 2 * p)
        for index, (line, colour) in enumerate(self.lines[0 if p < 0.5 else 1]):
            faded = tuple(
                round(ground + (ink - ground) * strength)
                for ground, ink in zip(SHEET_GROUND, colour, strict=True)
            )
            y = top + frame.height + LABEL_GAP + index * LINE + LINE // 2
            pen.text((sheet.width // 2, y), line, font=self.font, fill=faded, anchor="mm")
        return sheet
