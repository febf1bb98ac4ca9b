"""Sheets of colour pictures: whole enlargements, labels never cut, chosen ones outlined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image, ImageDraw

from tasks.figures.drawing.grid import LABEL_GAP, LINE, MARGIN
from tasks.figures.drawing.pixels import Images, seen_at, upscale
from tasks.figures.drawing.style import (
    CHOSEN,
    SHEET_GROUND,
    SHEET_INK,
    SHEET_MUTED,
    sheet_font,
    wrap,
)

OUTLINE = 3
GAP = 8
"""Between pictures; the outline of a chosen one lies in it."""
SMALLEST, LARGEST = 128, 256
"""How wide a picture is drawn, where there is room: 64 pixels as 128, 192 or 256."""
BESIDE_CAPTION, WHOLE_PAGE = 896, 1240
"""Widest sheets that stay beside their caption, and on the page."""
ROW_LABEL_WIDTHS = (120, 160, 220)
NARROWEST_LABEL = 96
"""Of words over or under a picture smaller than that."""

Colour = tuple[int, int, int]
Lines = Sequence[tuple[str, Colour]]


@dataclass(frozen=True)
class Picture:
    """One picture of a sheet.

    pixels: [height, width, 3] u8. label: stands under it. is_chosen: outlined, with chosen_word,
    if any, under the label. width: drawn that wide; None for the whole enlargement that suits the
    sheet. role: the input it was read from. params: its own, beside those of that input.
    """

    pixels: Images
    label: str = ""
    is_chosen: bool = False
    width: int | None = None
    role: str | None = None
    chosen_word: str = "chosen"
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a picture lies on its sheet, in pixels."""

    picture: Picture
    row: int
    column: int
    left: int
    top: int
    width: int
    height: int

    def to_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "column": self.column,
            "left": self.left,
            "top": self.top,
            "width": self.width,
            "height": self.height,
            "label": self.picture.label,
            "chosen": self.picture.is_chosen,
            "role": self.picture.role,
            "params": dict(self.picture.params),
        }


@dataclass(frozen=True)
class PictureSheet:
    """A drawn sheet, RGB, and where its pictures lie."""

    image: Image.Image
    places: Sequence[Place]
    row_labels: Sequence[str]
    column_labels: Sequence[str]

    def cells(self) -> list[dict[str, Any]]:
        """Plain JSON: one block. Its "pictures" say where each lies, its label, role and
        params."""
        return [
            {
                "title": "",
                "rows": 1 + max(place.row for place in self.places),
                "columns": 1 + max(place.column for place in self.places),
                "row_labels": list(self.row_labels),
                "column_labels": list(self.column_labels),
                "pictures": [place.to_json() for place in self.places],
            }
        ]

    def on_canvas(self, width: int, height: int) -> PictureSheet:
        """The same in the middle of a sheet of `width` x `height` pixels, no smaller than it is."""
        left, top = (width - self.image.width) // 2, (height - self.image.height) // 2
        image = Image.new("RGB", (width, height), SHEET_GROUND)
        image.paste(self.image, (left, top))
        places = [replace(each, left=each.left + left, top=each.top + top) for each in self.places]
        return replace(self, image=image, places=places)


def draw_pictures(
    rows: Sequence[Sequence[Picture | None]],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> PictureSheet:
    """`rows` of pictures, all as long as each other; None leaves a place empty.

    Labels are none, or one a row or column, and may be as long as a prompt.
    """
    columns = len(rows[0]) if rows else 0
    if {len(row) for row in rows} != {columns} or not any(each for row in rows for each in row):
        raise ValueError("a sheet takes at least one picture, in rows of equal length")
    for labels, count, what in ((row_labels, len(rows), "row"), (column_labels, columns, "column")):
        if len(labels) not in (0, count):
            raise ValueError(f"{len(labels)} {what} labels for {count} {what}s")
    return _Layout(rows, row_labels or [""] * len(rows), column_labels or [""] * columns).draw()


class _Layout:
    """Sizes of one sheet, in pixels, and its drawing."""

    def __init__(
        self,
        rows: Sequence[Sequence[Picture | None]],
        row_labels: Sequence[str],
        column_labels: Sequence[str],
    ) -> None:
        self.rows, self.row_labels, self.column_labels = rows, row_labels, column_labels
        self.font = sheet_font(13)
        enlarged = [each for row in rows for each in row if each and each.width is None]
        own_width = max((each.pixels.shape[1] for each in enlarged), default=SMALLEST)
        self.row_lines, label_width, self.cell = fit_row_labels(row_labels, own_width, len(rows[0]))
        self.drawn = [[self._enlarged(each) if each else None for each in row] for row in rows]
        widths = [self._column_width(column) for column in range(len(rows[0]))]
        self.middles, left = [], MARGIN + label_width
        for width in widths:
            self.middles.append(left + width // 2)
            left += width + GAP
        self.first_left, self.width = MARGIN + label_width, left - GAP + MARGIN
        self.column_lines = [
            wrap(label, self.font, width)
            for label, width in zip(column_labels, widths, strict=True)
        ]
        self.captions = [
            [self._caption(each, width) for each, width in zip(row, widths, strict=True)]
            for row in rows
        ]

    def _enlarged(self, picture: Picture) -> Images:
        if picture.width is not None:
            return seen_at(picture.pixels, picture.width)
        return upscale(picture.pixels, max(1, self.cell // picture.pixels.shape[1]))

    def _column_width(self, column: int) -> int:
        """As wide as its widest picture, and wide enough for words at a small one."""
        widths = [pixels.shape[1] for row in self.drawn if (pixels := row[column]) is not None]
        captioned = [each for row in self.rows if (each := row[column]) and each.label]
        return max([*widths, NARROWEST_LABEL if captioned or self.column_labels[column] else 1])

    def _caption(self, picture: Picture | None, width: int) -> Lines:
        if picture is None:
            return []
        lines = [(line, SHEET_MUTED) for line in wrap(picture.label, self.font, width)]
        if picture.is_chosen and picture.chosen_word:
            lines.append((picture.chosen_word, CHOSEN))
        return lines

    def draw(self) -> PictureSheet:
        heads = max(map(len, self.column_lines)) * LINE
        tops = [MARGIN + heads + (LABEL_GAP // 2 if heads else 0)]
        for row in range(len(self.rows)):
            tops.append(tops[-1] + self._row_height(row) + GAP)
        sheet = Image.new("RGB", (self.width, tops[-1] - GAP + MARGIN), SHEET_GROUND)
        pen = ImageDraw.Draw(sheet)
        pen.fontmode = "L"
        for middle, lines in zip(self.middles, self.column_lines, strict=True):
            top = MARGIN + heads - len(lines) * LINE
            self._write(pen, [(line, SHEET_MUTED) for line in lines], middle, top, "mm")
        places = []
        for row, top in enumerate(tops[:-1]):
            spare = self._picture_height(row) - len(self.row_lines[row]) * LINE
            label = [(line, SHEET_INK) for line in self.row_lines[row]]
            x = self.first_left - LABEL_GAP
            self._write(pen, label, x, top + max(0, spare // 2), "rm")
            for column in range(len(self.middles)):
                pixels = self.drawn[row][column]
                if pixels is not None:
                    place = self._place(row, column, top, pixels)
                    places.append(place)
                    sheet.paste(Image.fromarray(pixels), (place.left, place.top))
                    self._draw_around(pen, place)
        return PictureSheet(sheet, places, _given(self.row_labels), _given(self.column_labels))

    def _picture_height(self, row: int) -> int:
        return max((each.shape[0] for each in self.drawn[row] if each is not None), default=LINE)

    def _row_height(self, row: int) -> int:
        """Pictures and the words under them, or the label beside them where that is taller."""
        caption = max(map(len, self.captions[row])) * LINE
        below = caption + LABEL_GAP // 2 if caption else 0
        return max(self._picture_height(row) + below, len(self.row_lines[row]) * LINE)

    def _place(self, row: int, column: int, top: int, pixels: Images) -> Place:
        picture = self.rows[row][column]
        assert picture is not None
        height, width = pixels.shape[:2]
        left = self.middles[column] - width // 2
        top += (self._picture_height(row) - height) // 2
        return Place(picture, row, column, left, top, width, height)

    def _draw_around(self, pen: ImageDraw.ImageDraw, place: Place) -> None:
        """The outline of a chosen picture, and the words under any."""
        if place.picture.is_chosen:
            right, bottom = place.left + place.width - 1, place.top + place.height - 1
            around = (place.left - OUTLINE, place.top - OUTLINE, right + OUTLINE, bottom + OUTLINE)
            pen.rectangle(around, outline=CHOSEN, width=OUTLINE)
        spare = self._picture_height(place.row) - place.height
        below = place.top + place.height + spare - spare // 2 + LABEL_GAP // 2
        caption = self.captions[place.row][place.column]
        self._write(pen, caption, self.middles[place.column], below, "mm")

    def _write(self, pen: ImageDraw.ImageDraw, lines: Lines, x: int, top: int, anchor: str) -> None:
        for index, (line, colour) in enumerate(lines):
            y = top + index * LINE + LINE // 2
            pen.text((x, y), line, font=self.font, fill=colour, anchor=anchor)


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


def _given(labels: Sequence[str]) -> list[str]:
    return list(labels) if any(labels) else []
