"""Where the pictures of a sheet lie, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.play.origin import made_by, origin_facts
from tasks.report.wording import plain, spaced
from tasks.store.row import Row

Place = Mapping[str, Any]
MOST_PLACES = 2000


def sheet_places(row: Row) -> list[dict[str, Any]]:
    """Each picture of a drawn sheet: left, top, width, height, in its pixels; row and column in
    block number `block`; title, all that is written at it; role, of the input it is of, or None;
    about, the keys of sheet_facts that say what made it.

    Nothing for charts and for sheets that do not say.
    """
    only = next(iter(row.inputs)) if len(row.inputs) == 1 else None
    origins = _origins(row)
    places: list[dict[str, Any]] = []
    for number, block in enumerate(row.info.get("cells") or ()):
        for place in _pictures(block) if "pictures" in block else _regular(block):
            keys = _keys(number, place["row"], place["column"])
            role = _role(origins, keys) or only
            own = [key for key in keys if origins.get(key, {}).get("params")]
            about = [*own, role] if role else own
            places.append({**place, "block": number, "role": role, "about": about})
    return places[:MOST_PLACES]


def sheet_facts(
    row: Row, rows: Mapping[str, Row], places: Sequence[Place]
) -> dict[str, list[tuple[str, str]]]:
    """Name and value of what made the pictures, by the keys in their places' `about`: parameters
    of a block, row, column or picture, and what made the input of a role."""
    origins = _origins(row)
    facts = {}
    for key in sorted({key for place in places for key in place["about"]}):
        if key in origins:
            params = origins[key]["params"]
            facts[key] = [(spaced(name), plain(value)) for name, value in params.items()]
        elif (made := made_by(row, key, rows)) is not None:
            facts[key] = origin_facts(made, rows)
    return facts


def _origins(row: Row) -> dict[str, Mapping[str, Any]]:
    """Of blocks, their rows, columns and pictures, by the keys that _keys gives."""
    found: dict[str, Mapping[str, Any]] = {}
    for number, block in enumerate(row.info.get("cells") or ()):
        found[f"block {number}"] = block.get("origin") or {}
        for name in ("row", "column"):
            for index, origin in enumerate(block.get(f"{name}_origins") or ()):
                found[f"{name} {number}.{index}"] = origin
        for picture in block.get("pictures") or ():
            found[_keys(number, picture["row"], picture["column"])[-1]] = picture
    return found


def _keys(number: int, row: int, column: int) -> list[str]:
    """From the whole to the picture, which knows most."""
    return [
        f"block {number}",
        f"row {number}.{row}",
        f"column {number}.{column}",
        f"picture {number}.{row}.{column}",
    ]


def _role(origins: Mapping[str, Mapping[str, Any]], keys: Sequence[str]) -> str | None:
    found = (origins.get(key, {}).get("role") for key in reversed(keys))
    return next((str(role) for role in found if role), None)


def _pictures(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **{name: place[name] for name in ("left", "top", "width", "height", "row", "column")},
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
