"""What a plot hands back, and what its pictures were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from PIL import Image

from tasks.figures.drawing.style import png_bytes


@dataclass(frozen=True)
class Origin:
    """What made the images of a block, a row or a column of a sheet.

    role: the input that the images were read from; "epoch_001/data" is the input "data" of the
    input "epoch_001". params: of the images themselves, plain JSON values, such as their class.
    """

    role: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "params": dict(self.params)}


UNKNOWN = Origin()


class AnySheet(Protocol):
    """A drawn sheet of pictures, RGB, and where they lie as plain JSON."""

    @property
    def image(self) -> Image.Image: ...

    def cells(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Drawing:
    """objects: file name to bytes; "image.png" always.

    width, height: of the picture on the page, in CSS pixels.
    alt: in words, for readers who do not see it.
    cells: where the images of a sheet lie; see Sheet.cells and PictureSheet.cells.
    """

    objects: Mapping[str, bytes]
    width: int
    height: int
    alt: str
    cells: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @classmethod
    def of_sheet(cls, sheet: AnySheet, alt: str, **more_objects: bytes) -> Drawing:
        """A sheet as "image.png"; keywords such as animation_webp become "animation.webp"."""
        objects = {"image.png": png_bytes(sheet.image)}
        objects |= {name.replace("_", "."): data for name, data in more_objects.items()}
        return cls(objects, sheet.image.width, sheet.image.height, alt, sheet.cells())
