"""Sheets played with: gone through by a slider, or an original wiped across what was made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.figures.playing.panel import (
    Control,
    DrawnPanel,
    Place,
    made_by,
    prompts_of,
    sampled_as,
)

_LEVELS = ("i_start", "t")
"""What results of one subject can differ in: how far it was noised."""


def play_sheet(panel: DrawnPanel) -> Control | None:
    """Of any sheet: originals wiped across their results where it shows both; blocks of one shape,
    each with a title, gone through."""
    subjects = _subjects_by_origin(panel)
    if subjects:
        return wipe(subjects)
    blocks = panel.blocks
    shapes = {(block.get("rows"), block.get("columns")) for block in blocks}
    if len(blocks) < 2 or len(shapes) > 1 or not all(block.get("title") for block in blocks):
        return None
    return _frames("block", [str(block["title"]) for block in blocks], panel.places)


def by_row(panel: DrawnPanel) -> Control | None:
    """A sheet of one block, gone through row by row."""
    return _of_one_block("row", panel)


def by_column(panel: DrawnPanel) -> Control | None:
    """A sheet of one block, gone through column by column."""
    return _of_one_block("column", panel)


def _of_one_block(by: str, panel: DrawnPanel) -> Control | None:
    if len(panel.blocks) != 1:
        return None
    labels = panel.blocks[0].get(f"{by}_labels") or ()
    return _frames(by, [str(label) for label in labels], panel.places)


def _frames(by: str, labels: Sequence[str], places: Sequence[Place]) -> Control | None:
    """Frames, each a label and the numbers of the places it shows; None for fewer than two.
    together: whether those of a frame stay as they lie, or are set side by side. slider: what is
    chosen by it."""
    if len(labels) < 2:
        return None
    frames = [
        {"label": label, "places": [i for i, place in enumerate(places) if place[by] == index]}
        for index, label in enumerate(labels)
    ]
    slider = _named_by(labels) or ("Step" if by == "column" else "Shown")
    return {"kind": "steps", "frames": frames, "together": by != "column", "slider": slider}


def _named_by(labels: Sequence[str]) -> str:
    """Of "epoch 1", "epoch 5": Checkpoint; of "t = 690", "t = 90", "result": t; else nothing, as of
    "clean", "noisy, t = 90", "epoch 1", of which one alone has a value."""
    if all(label.startswith("epoch ") for label in labels):
        return "Checkpoint"
    names = [label.partition(" = ")[0] for label in labels if " = " in label]
    return names[0] if len(names) > 1 and len(set(names)) == 1 else ""


def wipe(subjects: Sequence[Mapping[str, Any]]) -> Control:
    """subjects: as wipe_subject has them. slider: what it chooses by, if all labels begin with
    it."""
    labels = [result["label"] for subject in subjects for result in subject["results"]]
    slider = next(
        (name for name in _LEVELS if all(label.startswith(f"{name} ") for label in labels)),
        "Result",
    )
    return {"kind": "wipe", "slider": slider, "subjects": subjects}


def wipe_subject(
    panel: DrawnPanel, title: str, original: int, results: Sequence[int]
) -> dict[str, Any]:
    """The number of the original's place, and its results in reading order, each a label and the
    number of its place."""
    found = [panel.places[number] for number in results]
    lie_in_one_row = len({(place["block"], place["row"]) for place in found}) == 1
    labels = [
        _without_row_label(panel, place) if lie_in_one_row else place["title"] for place in found
    ]
    return {
        "title": title,
        "original": original,
        "results": [
            {"label": label, "place": number} for label, number in zip(labels, results, strict=True)
        ],
    }


def _without_row_label(panel: DrawnPanel, place: Place) -> str:
    """What is written at a place, less the label it shares with its row, such as a prompt."""
    labels = panel.blocks[place["block"]].get("row_labels") or ()
    label = labels[place["row"]] if place["row"] < len(labels) else ""
    title = str(place["title"])
    return title.removeprefix(f"{label}; ") if label else title


def _subjects_by_origin(panel: DrawnPanel) -> list[dict[str, Any]]:
    """Results are known by their origin: they were sampled from an image that is shown too."""
    originals: dict[str, int] = {}
    results: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, place in enumerate(panel.places):
        made = made_by(panel.row, str(place.get("role")), panel.rows)
        if made is None or _shows(panel, place) != "image":
            continue
        if made.kind == "image":
            originals.setdefault(made.key, number)
            continue
        sampled = sampled_as(made, panel.rows)
        image = sampled.inputs.get("image")
        if image is not None:
            prompts = tuple(prompts_of(sampled, panel.rows))
            results.setdefault((image, prompts), []).append(number)
    subjects = []
    for (image, prompts), numbers in results.items():
        if image in originals:
            name = panel.rows[image].name.partition("/")[2]
            title = ", ".join([name, *(prompt for prompt in prompts if prompt)])
            subjects.append(wipe_subject(panel, title, originals[image], numbers))
    return subjects


def _shows(panel: DrawnPanel, place: Place) -> str:
    index = place["row"] * int(panel.params.get("columns") or 0) + place["column"]
    cells = panel.params.get("cells") or ()
    return str(cells[index].get("show", "image")) if index < len(cells) else "image"
