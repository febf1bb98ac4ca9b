"""Images and their masks, as figures of edits list and show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.declaration import Declaration
from flows.declaration.mask_checks import check_mask
from flows.declaration.masks import Mask
from flows.declaration.messages import Path, Problem
from flows.figures.sampled_panel import image_problems
from flows.figures.sheet import Cell
from flows.nodes.model_nodes import plain
from tasks.store.node import JSON

ORIGINAL = "original"


def masked_problems(
    declaration: Declaration, path: Path, image: str, mask: Mask | None
) -> Iterator[Problem]:
    """Of the entry at `path` that names an image, and perhaps a mask."""
    yield from image_problems(declaration, (*path, "image"), image)
    if mask is not None:
        yield from check_mask((*path, "mask"), mask)


def with_mask(image: str, mask: Mask | None, *, labelled: bool = False) -> list[Cell]:
    """An image, its mask and its hole; the image alone where there is no mask."""
    shape = plain_mask(mask)
    cells = [Cell(image, ORIGINAL)]
    if shape is not None:
        cells += [Cell(None, "mask", "mask", shape), Cell(image, "hole", "hole", shape)]
    return [cell if labelled else replace(cell, label="") for cell in cells]


def plain_mask(mask: Mask | None) -> JSON:
    return None if mask is None else plain(mask)
