"""Sheets of pictures: parameters and inputs of the plot "pictures"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows.figures.panel import Spot
from tasks.store.node import JSON, Node


@dataclass(frozen=True)
class Cell:
    """node: whose picture is shown, None for a mask alone. label: stands under it.
    mask, view: of the shows that need one. pixels: drawn that wide."""

    node: str | None
    label: str = ""
    show: Literal["image", "mask", "hole", "turned"] = "image"
    mask: JSON = None
    view: JSON = None
    pixels: int | None = None


@dataclass(frozen=True)
class Sheet:
    """rows: filled up with empty places to equal length; None for an empty place. Labels: none, or
    one a row or column. choices: nodes that say which of the tries shown was kept; it is
    outlined."""

    rows: Sequence[Sequence[Cell | None]]
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    choices: Sequence[str] = ()

    def drawing(self, spot: Spot, drawn_id: str | None = None) -> Node:
        """The node that draws it, of the panel itself by default."""
        columns = max(len(row) for row in self.rows)
        cells = [
            cell or Cell(None)
            for row in self.rows
            for cell in [*row, *[None] * (columns - len(row))]
        ]
        # Roles of the nodes shown, each once, in reading order.
        names = dict.fromkeys(cell.node for cell in cells if cell.node)
        roles = {name: f"cell_{i}" for i, name in enumerate(names)}
        inputs = {role: name for name, role in roles.items()}
        inputs |= {f"choice_{i}": name for i, name in enumerate(self.choices)}
        params: dict[str, JSON] = {
            "plot": "pictures",
            "rows": len(self.rows),
            "columns": columns,
            "row_labels": list(self.row_labels),
            "column_labels": list(self.column_labels),
            "cells": [
                {
                    "role": None if cell.node is None else roles[cell.node],
                    "show": cell.show,
                    "view": cell.view,
                    "mask": cell.mask,
                    "pixels": cell.pixels,
                    "label": cell.label,
                    "chosen": False,
                }
                for cell in cells
            ],
        }
        return spot.drawing(inputs, params, drawn_id=drawn_id)
