"""What a plot hands back: files, size and words for readers who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.figures.grid import Sheet
from tasks.figures.picture_sheet import PictureSheet
from tasks.figures.style import png_bytes


@dataclass(frozen=True)
class Drawing:
    """objects: file name to bytes; "image.png" always.

    width, height: of the picture on the page, in CSS pixels.
    cells: where the images of a sheet lie; see Sheet.cells and PictureSheet.cells.
    """

    objects: Mapping[str, bytes]
    width: int
    height: int
    alt: str
    cells: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @classmethod
    def of_sheet(cls, sheet: Sheet | PictureSheet, alt: str, **more_objects: bytes) -> Drawing:
        """A sheet as "image.png"; keywords such as animation_webp become "animation.webp"."""
        objects = {"image.png": png_bytes(sheet.image)}
        objects |= {name.replace("_", "."): data for name, data in more_objects.items()}
        return cls(objects, sheet.image.width, sheet.image.height, alt, sheet.cells())
