"""Sheets gone through by a slider: by checkpoint, by timestep, by number of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.play.sheet import Place
from tasks.store.row import Row

_BY_COLUMN = {"snapshots", "noised_row", "noising", "sigma_row", "forward_strip"}
_BY_ROW = {"denoised"}
_GRIDS_BY_COLUMN = {"step_counts"}
"""What the declaration calls grids whose columns are steps of one thing."""


def steps_control(plot: str, row: Row, places: Sequence[Place]) -> dict[str, Any] | None:
    """Frames, each a label and the numbers of the places it shows; None for other sheets.
    together: whether those of a frame stay as they lie, or are set side by side. slider: what is
    chosen by it.

    plot: as the panel has it.
    """
    blocks: Sequence[Mapping[str, Any]] = row.info.get("cells") or ()
    drawn = row.params.get("plot")
    if len(blocks) > 1:
        shapes = {(block.get("rows"), block.get("columns")) for block in blocks}
        if len(shapes) > 1 or not all(block.get("title") for block in blocks):
            return None
        return _frames("block", [str(block["title"]) for block in blocks], places)
    if len(blocks) != 1:
        return None
    if drawn in _BY_ROW:
        return _frames("row", _words(blocks[0].get("row_labels")), places)
    if drawn in _BY_COLUMN or plot in _GRIDS_BY_COLUMN:
        return _frames("column", _words(blocks[0].get("column_labels")), places)
    return None


def _frames(by: str, labels: Sequence[str], places: Sequence[Place]) -> dict[str, Any] | None:
    if len(labels) < 2:
        return None
    frames = [
        {"label": label, "places": [i for i, place in enumerate(places) if place[by] == index]}
        for index, label in enumerate(labels)
    ]
    slider = _named_by(labels) or ("Step" if by == "column" else "Shown")
    return {"kind": "steps", "frames": frames, "together": by != "column", "slider": slider}


def _named_by(labels: Sequence[str]) -> str:
    """Of "epoch 1", "epoch 5": Checkpoint; of "t = 690", "t = 90", "result": t; else nothing."""
    if all(label.startswith("epoch ") for label in labels):
        return "Checkpoint"
    names = {label.partition(" = ")[0] for label in labels if " = " in label}
    return names.pop() if len(names) == 1 else ""


def _words(labels: Sequence[Any] | None) -> list[str]:
    return [str(label) for label in labels or ()]
