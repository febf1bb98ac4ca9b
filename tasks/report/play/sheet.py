"""Where the pictures of a sheet lie, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.play.origin import made_by, origin_facts
from tasks.store.row import Row

Place = Mapping[str, Any]
MOST_PLACES = 2000


def sheet_places(row: Row) -> list[dict[str, Any]]:
    """Each picture of a drawn sheet: left, top, width, height, in its pixels; row and column in
    block number `block`; title, all that is written at it; role, of the input it is of, or None.

    Nothing for charts and for sheets that do not say.
    """
    places: list[dict[str, Any]] = []
    for number, block in enumerate(row.info.get("cells") or ()):
        found = _pictures(block) if "pictures" in block else _regular(block)
        role = _role_of_block(row, block)
        places += [{"role": role, **place, "block": number} for place in found]
    return places[:MOST_PLACES]


def _pictures(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **{name: place[name] for name in ("left", "top", "width", "height", "row", "column")},
            "role": place.get("role"),
            "title": _title(block, place["row"], place["column"], str(place.get("label") or "")),
        }
        for place in block["pictures"]
    ]


def _regular(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a block of images of one size."""
    width, height, gap = block["cell_width"], block["cell_height"], block["gap"]
    return [
        {
            "left": block["left"] + column * (width + gap),
            "top": block["top"] + row * (height + gap),
            "width": width,
            "height": height,
            "row": row,
            "column": column,
            "title": _title(block, row, column, f"row {row + 1}, column {column + 1}"),
        }
        for row in range(block["rows"])
        for column in range(block["columns"])
    ]


def _title(block: Mapping[str, Any], row: int, column: int, label: str) -> str:
    said = [
        str(block.get("title") or ""),
        _label(block.get("row_labels"), row),
        _label(block.get("column_labels"), column),
        label,
    ]
    return "; ".join(dict.fromkeys(word for word in said if word))


def _label(labels: Sequence[Any] | None, index: int) -> str:
    return str(labels[index]) if labels and index < len(labels) else ""


def _role_of_block(row: Row, block: Mapping[str, Any]) -> str | None:
    """Of samples by epoch, that of the epoch; else the only input, if there is but one."""
    words = str(block.get("title") or "").split()
    if len(words) == 2 and words[0] == "epoch" and words[1].isdigit():
        role = f"epoch_{int(words[1]):03d}"
        if role in row.inputs:
            return role
    return next(iter(row.inputs)) if len(row.inputs) == 1 else None


def facts_by_role(
    row: Row, rows: Mapping[str, Row], places: Sequence[Place]
) -> dict[str, list[tuple[str, str]]]:
    """Name and value of what made each picture, by the role that places have."""
    facts = {}
    for role in sorted({str(place["role"]) for place in places if place.get("role")}):
        made = made_by(row, role, rows)
        if made is not None:
            facts[role] = origin_facts(made, rows)
    return facts
