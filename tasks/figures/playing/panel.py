"""A drawn panel as the report has it: where its pictures lie, and what each was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.store.row import Row

Control = dict[str, Any]
"""What a control of the page is built from, plain JSON; its "kind" names the control."""
Place = Mapping[str, Any]
MOST_PLACES = 2000


@dataclass(frozen=True)
class DrawnPanel:
    """row: of the drawing. rows: by key, all that a run has made. places: its sheet_places.

    read: bytes of an object of a row. add_file: puts an object beside the page, and gives its
    address there. Both raise CorruptArtifact or KeyError for one that cannot be had.
    """

    row: Row
    rows: Mapping[str, Row]
    places: Sequence[Place]
    read: Callable[[Row, str], bytes]
    add_file: Callable[[Row, str], str]

    @property
    def params(self) -> Mapping[str, Any]:
        return self.row.params

    @property
    def blocks(self) -> Sequence[Mapping[str, Any]]:
        """Of the sheet; see Sheet.cells and PictureSheet.cells."""
        return self.row.info.get("cells") or ()

    def prompts(self) -> list[str]:
        """Those that the drawing was given."""
        return [str(prompt) for prompt in self.params["prompts"]]

    def picture_address(self, role: str) -> str:
        """Of the picture itself, as the step that made it left it."""
        made = made_by(self.row, role, self.rows)
        if made is None:
            raise KeyError(role)
        return self.add_file(made, "image.png")


def made_by(row: Row, role: str, rows: Mapping[str, Row]) -> Row | None:
    """The input of that role; "epoch_001/data" is the input "data" of the input "epoch_001"."""
    made: Row | None = row
    for part in role.split("/"):
        made = rows.get(made.inputs.get(part, "")) if made else None
    return made


def sampled_as(row: Row, rows: Mapping[str, Row]) -> Row:
    """The row that was sampled, where `row` only chose among tries or enlarged one."""
    for _ in range(4):
        role = {"choice": f"try_{row.info.get('chosen')}", "upscale": "image"}.get(row.kind)
        behind = made_by(row, role, rows) if role else None
        if behind is None:
            return row
        row = behind
    return row


def prompts_of(row: Row, rows: Mapping[str, Row]) -> list[str]:
    """In the order of its combination."""
    count = sum(role.startswith("prompt_") for role in row.inputs)
    made = [made_by(row, f"prompt_{index}", rows) for index in range(count)]
    return [str(each.info.get("prompt", "")) for each in made if each is not None]


def sheet_places(row: Row) -> list[dict[str, Any]]:
    """Each picture of a drawn sheet: left, top, width, height, in its pixels; row and column in
    block number `block`; title, all that is written at it; role, of the input it is of, or None;
    about, the keys of sheet_origins, and that role, which say what made it.

    Nothing for charts and for sheets that do not say.
    """
    only = next(iter(row.inputs)) if len(row.inputs) == 1 else None
    origins = sheet_origins(row)
    places: list[dict[str, Any]] = []
    for number, block in enumerate(row.info.get("cells") or ()):
        for place in _pictures(block) if "pictures" in block else _regular(block):
            keys = _keys(number, place["row"], place["column"])
            role = _role(origins, keys) or only
            own = [key for key in keys if origins.get(key, {}).get("params")]
            about = [*own, role] if role else own
            places.append({**place, "block": number, "role": role, "about": about})
    return places[:MOST_PLACES]


def sheet_origins(row: Row) -> dict[str, Mapping[str, Any]]:
    """Of blocks, their rows, columns and pictures, by the keys of places."""
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
            "title": _title(block, row, column, _place_in(block, row, column)),
        }
        for row in range(block["rows"])
        for column in range(block["columns"])
    ]


def _place_in(block: Mapping[str, Any], row: int, column: int) -> str:
    """ "row 1, column 2", without what a label says already."""
    row_label, column_label = (
        _label(block.get(f"{name}_labels"), index)
        for name, index in (("row", row), ("column", column))
    )
    said = [] if row_label else [f"row {row + 1}"]
    said += [] if column_label else [f"column {column + 1}"]
    return ", ".join(said)


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
