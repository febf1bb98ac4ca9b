"""An original and what was made of it, to be wiped across one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.play.origin import made_by, prompts_of, sampled_as
from tasks.report.play.sheet import Place
from tasks.store.row import Row

_LEVELS = ("i_start", "t")
"""What results of one subject can differ in: how far it was noised."""


def wipe_control(row: Row, rows: Mapping[str, Row], places: Sequence[Place]) -> dict[str, Any]:
    """subjects: each the number of the original's place, and its results in reading order, each a
    label and the number of its place. slider: what it chooses by, if all labels begin with it."""
    plot = row.params.get("plot")
    if plot == "pictures":
        subjects = _of_grid(row, rows, places)
    elif plot == "methods":
        subjects = [_subject(row, "", places, 0, range(1, len(places)))]
    elif plot == "one_step_rows":
        subjects = _of_one_step(row, places)
    else:
        subjects = []
    labels = [result["label"] for subject in subjects for result in subject["results"]]
    slider = next(
        (name for name in _LEVELS if all(label.startswith(f"{name} ") for label in labels)),
        "Result",
    )
    return {"kind": "wipe", "slider": slider, "subjects": subjects}


def _subject(
    row: Row, title: str, places: Sequence[Place], original: int, results: Sequence[int]
) -> dict[str, Any]:
    found = [places[number] for number in results]
    lie_in_one_row = len({(place["block"], place["row"]) for place in found}) == 1
    labels = [
        _without_row_label(row, place) if lie_in_one_row else place["title"] for place in found
    ]
    return {
        "title": title,
        "original": original,
        "results": [
            {"label": label, "place": number} for label, number in zip(labels, results, strict=True)
        ],
    }


def _without_row_label(row: Row, place: Place) -> str:
    """What is written at a place, less the label it shares with its row, such as a prompt."""
    labels = row.info["cells"][place["block"]].get("row_labels") or ()
    label = labels[place["row"]] if place["row"] < len(labels) else ""
    title = str(place["title"])
    return title.removeprefix(f"{label}; ") if label else title


def _of_one_step(row: Row, places: Sequence[Place]) -> list[dict[str, Any]]:
    """Rows are original, noisy, estimate; the originals are all alike."""
    by_row = [[i for i, place in enumerate(places) if place["row"] == row] for row in range(3)]
    if not all(by_row):
        return []
    titles = ("noisy", "one-step estimate")
    return [
        _subject(row, title, places, by_row[0][0], found)
        for title, found in reversed(list(zip(titles, by_row[1:], strict=True)))
    ]


def _of_grid(row: Row, rows: Mapping[str, Row], places: Sequence[Place]) -> list[dict[str, Any]]:
    """Results are known by their origin: they were sampled from an image that is shown too."""
    originals: dict[str, int] = {}
    results: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, place in enumerate(places):
        made = made_by(row, str(place.get("role")), rows)
        if made is None or _shows(row, place) != "image":
            continue
        if made.kind == "image":
            originals.setdefault(made.key, number)
            continue
        sampled = sampled_as(made, rows)
        image = sampled.inputs.get("image")
        if image is not None:
            results.setdefault((image, tuple(prompts_of(sampled, rows))), []).append(number)
    subjects = []
    for (image, prompts), numbers in results.items():
        if image in originals:
            name = rows[image].name.partition("/")[2]
            title = ", ".join([name, *(prompt for prompt in prompts if prompt)])
            subjects.append(_subject(row, title, places, originals[image], numbers))
    return subjects


def _shows(row: Row, place: Place) -> str:
    index = place["row"] * int(row.params.get("columns") or 0) + place["column"]
    cells = row.params.get("cells") or ()
    return str(cells[index].get("show", "image")) if index < len(cells) else "image"
