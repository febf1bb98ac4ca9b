"""Parameters and inputs of the plot "pictures": a grid of what other nodes made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.store.node import JSON


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
class Grid:
    """rows: of equal length, None for an empty place. Labels: none, or one a row or column.
    choices: nodes that say which of the tries shown was kept; it is outlined."""

    rows: Sequence[Sequence[Cell | None]]
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    choices: Sequence[str] = ()

    def inputs(self) -> dict[str, str]:
        """Roles cell_0, cell_1, ... of the nodes shown, each once, in reading order; then those of
        the choices."""
        names = [cell.node for row in self.rows for cell in row if cell and cell.node]
        shown = {f"cell_{i}": name for i, name in enumerate(dict.fromkeys(names))}
        return shown | {f"choice_{i}": name for i, name in enumerate(self.choices)}

    def params(self) -> dict[str, JSON]:
        roles = {name: role for role, name in self.inputs().items() if role.startswith("cell_")}
        return {
            "plot": "pictures",
            "rows": len(self.rows),
            "columns": len(self.rows[0]),
            "row_labels": list(self.row_labels),
            "column_labels": list(self.column_labels),
            "cells": [_cell(cell, roles) for row in self.rows for cell in row],
        }


def _cell(cell: Cell | None, roles: dict[str, str]) -> dict[str, JSON]:
    cell = cell or Cell(None)
    return {
        "role": None if cell.node is None else roles[cell.node],
        "show": cell.show,
        "view": cell.view,
        "mask": cell.mask,
        "pixels": cell.pixels,
        "label": cell.label,
        "chosen": False,
    }


def padded(rows: Sequence[Sequence[Cell | None]]) -> list[list[Cell | None]]:
    """`rows` all as long as the longest, empty places behind."""
    width = max(len(row) for row in rows)
    return [[*row, *[None] * (width - len(row))] for row in rows]
