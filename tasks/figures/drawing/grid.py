"""Sheets of small images: integer enlargement, labelled rows and columns, nothing resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.figures.drawing.drawn import UNKNOWN, Origin
from tasks.figures.drawing.pixels import Images, upscale
from tasks.figures.drawing.style import SHEET_GROUND, SHEET_INK, SHEET_MUTED, drawable, sheet_font

MARGIN = 14
BLOCK_GAP = 20
LABEL_GAP = 8
LINE = 18
MAX_ROW_LABEL = 132
SHEET_WIDTH = 900
"""Widest sheet, in pixels, that stays beside its caption on the page."""


@dataclass(frozen=True)
class Block:
    """Images [rows, columns, height, width] u8 under one title.

    Labels and origins are empty, or one for each row or column. origin: of the whole block.
    """

    images: Images
    title: str = ""
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    origin: Origin = UNKNOWN
    row_origins: Sequence[Origin] = ()
    column_origins: Sequence[Origin] = ()

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise ValueError(
                f"a block takes u8 images [rows, columns, height, width], "
                f"not {self.images.dtype} {list(self.images.shape)}"
            )
        rows, columns = self.images.shape[:2]
        for line, count in (("row", rows), ("column", columns)):
            for what in ("labels", "origins"):
                given = len(getattr(self, f"{line}_{what}"))
                if given not in (0, count):
                    raise ValueError(f"{given} {line} {what} for {count} {line}s")


@dataclass(frozen=True)
class PlacedBlock:
    """A block on its sheet. left, top: of its first image, in pixels."""

    block: Block
    left: int
    top: int
    scale: int
    gap: int

    def cell_box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of one image, in pixels of the sheet."""
        height, width = self.block.images.shape[2:]
        left = self.left + column * (width * self.scale + self.gap)
        top = self.top + row * (height * self.scale + self.gap)
        return left, top, left + width * self.scale, top + height * self.scale


@dataclass(frozen=True)
class Sheet:
    """A drawn sheet, RGB, and where its images lie."""

    image: Image.Image
    blocks: Sequence[PlacedBlock] = field(default_factory=tuple)

    def cells(self) -> list[dict[str, Any]]:
        """Plain JSON: for each block its place, pitch and scale, in pixels, labels and origins."""
        cells = []
        for placed in self.blocks:
            rows, columns, height, width = placed.block.images.shape
            cells.append(
                {
                    "title": placed.block.title,
                    "rows": rows,
                    "columns": columns,
                    "left": placed.left,
                    "top": placed.top,
                    "cell_width": width * placed.scale,
                    "cell_height": height * placed.scale,
                    "gap": placed.gap,
                    "scale": placed.scale,
                    "row_labels": list(placed.block.row_labels),
                    "column_labels": list(placed.block.column_labels),
                    "origin": placed.block.origin.to_json(),
                    "row_origins": [each.to_json() for each in placed.block.row_origins],
                    "column_origins": [each.to_json() for each in placed.block.column_origins],
                }
            )
        return cells


def choose_scale(columns: int, width: int = 28, available: int = SHEET_WIDTH) -> int:
    """The largest enlargement of 2 to 4 at which `columns` images fit into `available` pixels."""
    for scale in (4, 3):
        if columns * (width * scale + scale) + 2 * MARGIN <= available:
            return scale
    return 2


def draw_blocks(blocks: Sequence[Block], scale: int, is_across: bool = False) -> Sheet:
    """Blocks under one another, or beside one another if `is_across`, on one dark sheet."""
    layouts = [_Layout(block, scale) for block in blocks]
    if is_across:
        width = sum(item.width for item in layouts) + BLOCK_GAP * (len(layouts) - 1)
        # Images of blocks side by side stand on one line, however long the titles.
        head = max(item.head for item in layouts)
        height = head + max(item.grid_height for item in layouts)
    else:
        head = 0
        # One left edge for the images of all blocks, whatever the length of their row labels.
        label_width = max(item.label_width for item in layouts)
        for item in layouts:
            item.label_width = label_width
        width = max(item.width for item in layouts)
        height = sum(item.height for item in layouts) + BLOCK_GAP * (len(layouts) - 1)
    sheet = Image.new("RGB", (width + 2 * MARGIN, height + 2 * MARGIN), SHEET_GROUND)
    left, top = MARGIN, MARGIN
    placed = []
    for item in layouts:
        placed.append(item.draw(sheet, left, top + (head - item.head if is_across else 0)))
        if is_across:
            left += item.width + BLOCK_GAP
        else:
            top += item.height + BLOCK_GAP
    return Sheet(sheet, placed)


class _Layout:
    """Sizes of one block, in pixels, and its drawing."""

    def __init__(self, block: Block, scale: int) -> None:
        rows, columns, height, width = block.images.shape
        self.block, self.scale, self.gap = block, scale, scale
        self.label = sheet_font(13)
        self.title = sheet_font(14, is_bold=True)
        self.grid_width: int = columns * (width * scale + self.gap) - self.gap
        self.grid_height: int = rows * (height * scale + self.gap) - self.gap
        self.row_lines = [_wrap(text, self.label, MAX_ROW_LABEL) for text in block.row_labels]
        lengths = [self.label.getlength(line) for lines in self.row_lines for line in lines]
        self.label_width = int(np.ceil(max(lengths))) + LABEL_GAP if lengths else 0
        cell = width * scale
        self.column_lines = [_wrap(text, self.label, cell) for text in block.column_labels]
        # A title may be wider than a narrow grid: the block then grows with its longest word.
        self.title_lines = _wrap(block.title, self.title, max(self.grid_width, cell))
        self.title_width = int(
            np.ceil(max((self.title.getlength(line) for line in self.title_lines), default=0))
        )

    @property
    def width(self) -> int:
        return self.label_width + max(self.grid_width, self.title_width)

    @property
    def head(self) -> int:
        """Height of everything above the images."""
        column_lines = max((len(lines) for lines in self.column_lines), default=0)
        lines = len(self.title_lines) + column_lines
        return lines * LINE + (LABEL_GAP if lines else 0)

    @property
    def height(self) -> int:
        return self.head + self.grid_height

    def draw(self, sheet: Image.Image, left: int, top: int) -> PlacedBlock:
        pen = ImageDraw.Draw(sheet)
        pen.fontmode = "L"
        placed = PlacedBlock(
            self.block, left + self.label_width, top + self.head, self.scale, self.gap
        )
        for index, line in enumerate(self.title_lines):
            position = (placed.left, top + index * LINE + LINE // 2)
            pen.text(position, line, font=self.title, fill=SHEET_INK, anchor="lm")
        rows, columns = self.block.images.shape[:2]
        for row in range(rows):
            for column in range(columns):
                box = placed.cell_box(row, column)
                pixels = upscale(self.block.images[row, column], self.scale)
                sheet.paste(Image.fromarray(pixels), box[:2])
        bottom = placed.top - LABEL_GAP
        for column, lines in enumerate(self.column_lines):
            box = placed.cell_box(0, column)
            for index, line in enumerate(lines):
                y = bottom - (len(lines) - index) * LINE + LINE // 2 + LABEL_GAP // 2
                position = ((box[0] + box[2]) // 2, y)
                pen.text(position, line, font=self.label, fill=SHEET_MUTED, anchor="mm")
        for row, lines in enumerate(self.row_lines):
            box = placed.cell_box(row, 0)
            middle = (box[1] + box[3]) // 2
            for index, line in enumerate(lines):
                y = middle + round((index - (len(lines) - 1) / 2) * LINE)
                position = (placed.left - LABEL_GAP, y)
                pen.text(position, line, font=self.label, fill=SHEET_MUTED, anchor="rm")
        return placed


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """`text` broken between words so that lines are at most `width` pixels where words allow."""
    lines: list[str] = []
    for word in drawable(text).split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
