"""How large the pictures of a sheet are drawn, and how wide the labels beside them are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.figures.grid import LABEL_GAP, LINE, MARGIN
from tasks.figures.style import sheet_font
from tasks.figures.wrap import wrap

GAP = 8
"""Between pictures; the outline of a chosen one lies in it."""
SMALLEST, LARGEST = 128, 256
"""How wide a picture is drawn, where there is room: 64 pixels as 128, 192 or 256."""
BESIDE_CAPTION, WHOLE_PAGE = 896, 1240
"""Widest sheets that stay beside their caption, and on the page."""
ROW_LABEL_WIDTHS = (120, 160, 220)


def cell_size(own_width: int, columns: int, label_width: int) -> int:
    """How wide pictures of `own_width` pixels are drawn: a multiple, so that pixels are squares.

    The largest up to LARGEST that keeps the sheet beside its caption and the picture no smaller
    than SMALLEST; else the largest that keeps the sheet on the page; at least the picture's own.
    """

    def is_within(size: int, available: int) -> bool:
        total = 2 * MARGIN + label_width + columns * size + (columns - 1) * GAP
        return total <= available

    sizes = [own_width * factor for factor in range(max(1, LARGEST // own_width), 0, -1)]
    comfortable = [size for size in sizes if size >= SMALLEST]
    for size in comfortable:
        if is_within(size, BESIDE_CAPTION):
            return size
    wide = [*reversed(comfortable), *sizes]
    return next((size for size in wide if is_within(size, WHOLE_PAGE)), own_width)


def fit_row_labels(
    labels: Sequence[str], own_width: int, columns: int
) -> tuple[list[list[str]], int, int]:
    """The labels in lines, the width they take, and the size of a cell beside them.

    As narrow as leaves every label no taller than its picture; the widest if none does.
    """
    if not any(labels):
        return [[] for _ in labels], 0, cell_size(own_width, columns, 0)
    font = sheet_font(13)
    for allowed in ROW_LABEL_WIDTHS:
        lines = [wrap(label, font, allowed) for label in labels]
        longest = max(font.getlength(line) for each in lines for line in each)
        width = math.ceil(longest) + LABEL_GAP
        cell = cell_size(own_width, columns, width)
        if max(map(len, lines)) * LINE <= cell:
            break
    return lines, width, cell
