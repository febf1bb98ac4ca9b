"""Every concept the pocket model knows, and subjects in every style and at both sizes."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.plots import Plot
from tasks.running.step import Step

SAMPLES = "samples.safetensors"


def draw_pocket_concepts(step: Step) -> Drawing:
    """A sample of every concept, phrase under it; outlined where the reader named it.

    params: columns.
    """
    columns = int(step.params["columns"])
    arrays = step.read_arrays("measure", SAMPLES)
    samples, is_right = arrays["concepts"][0], arrays["is_right"][0]
    phrases = [str(phrase) for phrase in _info(step)["phrases"]]
    pictures: list[Picture | None] = [
        Picture(pixels, phrase, is_chosen=bool(right), width=64, chosen_word="")
        for pixels, phrase, right in zip(samples, phrases, is_right, strict=True)
    ]
    pictures += [None] * (-len(pictures) % columns)
    rows = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    share = 100 * float(np.mean(is_right))
    alt = (
        f"A sample of each of {len(phrases)} concepts; {share:.0f} percent, outlined, are named "
        "rightly by a classifier trained apart."
    )
    return Drawing.of_sheet(draw_pictures(rows), alt)


def draw_pocket_styles(step: Step) -> Drawing:
    """Subjects across, styles down, all from one seed."""
    styles = step.read_arrays("measure", SAMPLES)["styles"]
    info = _info(step)
    rows = [[Picture(pixels) for pixels in row] for row in styles]
    subjects, names = [str(s) for s in info["subjects"]], [str(s) for s in info["styles"]]
    alt = f"{len(subjects)} subjects, each in {len(names)} styles: {', '.join(names)}."
    return Drawing.of_sheet(draw_pictures(rows, names, subjects), alt)


def draw_pocket_enlarged(step: Step) -> Drawing:
    """Subjects across; down: drawn at 128 pixels, sampled at 64, enlarged to 128."""
    arrays = step.read_arrays("measure", SAMPLES)
    info = _info(step)
    subjects = [str(s) for s in info["subjects"]]
    places = [list(map(str, info["phrases"])).index(subject) for subject in subjects]
    rows = [
        [Picture(arrays["drawn"][place], width=128) for place in places],
        [Picture(pixels, width=128) for pixels in arrays["styles"][0]],
        [Picture(pixels, width=128) for pixels in arrays["enlarged"]],
    ]
    labels = ["drawn", "stage I", "stage II"]
    alt = f"{len(subjects)} subjects: drawn, sampled at 64 pixels, enlarged to 128."
    return Drawing.of_sheet(draw_pictures(rows, labels, subjects), alt)


def _info(step: Step) -> dict[str, list[object]]:
    return dict(step.inputs["measure"].info)


PLOTS = [
    Plot("pocket_concepts", draw_pocket_concepts),
    Plot("pocket_styles", draw_pocket_styles),
    Plot("pocket_enlarged", draw_pocket_enlarged),
]
