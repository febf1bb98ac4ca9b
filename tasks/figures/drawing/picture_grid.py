"""Any grid of pictures: samples, edits, masks, holes, views, near and far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tasks import StepFailed
from tasks.data.masks import draw_mask
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_inputs import (
    MODEL_SIZE,
    is_input_image,
    read_at_model_size,
    read_picture,
)
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import Images
from tasks.figures.drawing.turning import pixel_view
from tasks.figures.words import view_words
from tasks.running.step import Step
from tasks.store.node import JSON

Cell = Mapping[str, JSON]

HOLE_GREY, HOLE_SPREAD = 127.5, 40.0
"""Mean and standard deviation of the noise in a hole, in 8-bit levels."""


def draw_picture_grid(step: Step) -> Drawing:
    """params: rows, columns, row_labels, column_labels, and cells, row by row. A cell has

    role: of an input with image.png; null for an empty place, or for a mask alone.
    show: "image"; "mask", white where new content is wanted; "hole", the image with noise there;
        "turned", as the view shows it.
    view, mask: for "turned", and for "mask" and "hole".
    pixels: drawn that wide instead of enlarged a whole number of times.
    label, chosen: words under it, and whether it is outlined as chosen. So is, without being told,
        the try that a choice among the inputs has kept.

    An input image is shown as the model was given it, at the size of the smallest picture made.
    """
    rows, columns = int(step.params["rows"]), int(step.params["columns"])
    cells: Sequence[Cell] = step.params["cells"]
    if len(cells) != rows * columns:
        raise StepFailed(f"{step.name}: {len(cells)} cells for {rows} rows of {columns}")
    kept = _kept_tries(step)
    cells = [{**cell, "chosen": cell.get("chosen") or cell.get("role") in kept} for cell in cells]
    size = _model_size(step, cells)
    pictures = [_picture(step, cell, size) for cell in cells]
    row_labels, column_labels = _labels(step, "row_labels"), _labels(step, "column_labels")
    sheet = draw_pictures(
        [pictures[row * columns : (row + 1) * columns] for row in range(rows)],
        row_labels,
        column_labels,
    )
    return Drawing.of_sheet(sheet, _alt(cells, rows, row_labels, column_labels))


_OF_SHOW = {"mask": ("mask",), "hole": ("mask",), "turned": ("view",)}
"""What a cell adds to the picture it shows."""


def _kept_tries(step: Step) -> set[str]:
    """Roles of those inputs that another input, a choice, has chosen or let go on."""
    choices = [row for row in step.inputs.values() if row.kind == "choice"]
    keys = {
        row.inputs[f"try_{number}"]
        for row in choices
        for number in row.info.get("kept") or [row.info["chosen"]]
    }
    return {role for role, row in step.inputs.items() if row.key in keys}


def _labels(step: Step, name: str) -> list[str]:
    return [str(label) for label in step.params.get(name) or []]


def _model_size(step: Step, cells: Sequence[Cell]) -> int:
    roles = {cell["role"] for cell in cells if cell.get("role")}
    made = [role for role in sorted(roles) if not is_input_image(step, role)]
    return min((read_picture(step, role).shape[1] for role in made), default=MODEL_SIZE)


def _picture(step: Step, cell: Cell, size: int) -> Picture | None:
    role, show = cell.get("role"), cell.get("show", "image")
    if show == "mask":
        pixels = _mask_pixels(cell, size)
    elif role is None:
        return None
    elif is_input_image(step, role):
        pixels = read_at_model_size(step, role, size)
    else:
        pixels = read_picture(step, role)
    if show == "hole":
        pixels = _with_hole(step, pixels, cell)
    elif show == "turned":
        pixels = pixel_view(cell["view"], len(pixels)).apply(pixels)
    elif show not in ("image", "mask"):
        raise StepFailed(
            f"{step.name}: a cell shows {show!r}; expected image, mask, hole or turned"
        )
    return Picture(
        pixels,
        label=str(cell.get("label") or ""),
        is_chosen=bool(cell.get("chosen")),
        width=cell.get("pixels"),
        role=role,
        params={name: cell[name] for name in _OF_SHOW.get(show, ()) if cell.get(name)},
    )


def _mask_pixels(cell: Cell, size: int) -> Images:
    mask = draw_mask(cell["mask"], size)
    pixels: Images = np.repeat(mask[:, :, None], 3, axis=2).astype(np.uint8) * 255
    return pixels


def _with_hole(step: Step, pixels: Images, cell: Cell) -> Images:
    """`pixels` with grey noise where new content is wanted."""
    mask = draw_mask(cell["mask"], len(pixels))
    noise = np.random.default_rng(step.seed).normal(HOLE_GREY, HOLE_SPREAD, mask.shape)
    grey = np.round(noise).clip(0, 255).astype(np.uint8)
    hole: Images = np.where(mask[:, :, None], grey[:, :, None], pixels)
    return hole


def _alt(
    cells: Sequence[Cell], rows: int, row_labels: Sequence[str], column_labels: Sequence[str]
) -> str:
    shown = [cell for cell in cells if cell.get("role") or cell.get("show") == "mask"]
    count = f"{len(shown)} picture{'s' * (len(shown) != 1)}"
    sentences = [count + (f" in {rows} rows" if rows > 1 else "")]
    views = [view_words(cell["view"]) for cell in shown if cell.get("show") == "turned"]
    chosen = [str(cell.get("label") or "one") for cell in shown if cell.get("chosen")]
    for what, words in (
        ("Down", row_labels),
        ("Across", column_labels),
        ("Under them", [str(cell.get("label") or "") for cell in shown]),
        ("Some are shown", views),
        ("Chosen", chosen),
    ):
        # Semicolons, since labels and prompts have commas of their own.
        given = "; ".join(dict.fromkeys(word for word in words if word))
        sentences += [f"{what}: {given}"] if given else []
    return ". ".join(sentences) + "."
