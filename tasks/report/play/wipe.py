"""An original and what was made of it, to be wiped across one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.play.origin import made_by, prompts_of, sampled_as
from tasks.report.play.sheet import Place
from tasks.store.row import Row


def wipe_control(row: Row, rows: Mapping[str, Row], places: Sequence[Place]) -> dict[str, Any]:
    """subjects: each the number of the original's place, and its results in reading order, each a
    label and the number of its place. slider: what is chosen on it."""
    plot = row.params.get("plot")
    if plot == "pictures":
        subjects = _of_grid(row, rows, places)
    elif plot == "methods":
        subjects = [_subject("", places, 0, range(1, len(places)))]
    elif plot == "one_step_rows":
        subjects = _of_one_step(places)
    else:
        subjects = []
    labels = [result["label"] for subject in subjects for result in subject["results"]]
    slider = "i_start" if all(label.startswith("i_start") for label in labels) else "Result"
    return {"kind": "wipe", "slider": slider, "subjects": subjects}


def _subject(
    title: str, places: Sequence[Place], original: int, results: Sequence[int]
) -> dict[str, Any]:
    return {
        "title": title,
        "original": original,
        "results": [{"label": places[number]["title"], "place": number} for number in results],
    }


def _of_one_step(places: Sequence[Place]) -> list[dict[str, Any]]:
    """Rows are original, noisy, estimate; the originals are all alike."""
    by_row = [[i for i, place in enumerate(places) if place["row"] == row] for row in range(3)]
    if not all(by_row):
        return []
    titles = ("noisy", "one-step estimate")
    return [
        _subject(title, places, by_row[0][0], found)
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
            subjects.append(_subject(title, places, originals[image], numbers))
    return subjects


def _shows(row: Row, place: Place) -> str:
    index = place["row"] * int(row.params.get("columns") or 0) + place["column"]
    cells = row.params.get("cells") or ()
    return str(cells[index].get("show", "image")) if index < len(cells) else "image"
