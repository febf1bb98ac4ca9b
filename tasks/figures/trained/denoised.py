"""Digits with noise added, and what the one-step denoisers make of them."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.drawn import Drawing, Origin
from tasks.figures.drawing.grid import Block, choose_scale, draw_blocks
from tasks.figures.drawing.inputs import (
    data_of,
    epoch_label,
    epoch_roles,
    nearest,
    read_denoised,
    seeded,
    sigma_label,
)
from tasks.figures.drawing.pixels import Images
from tasks.figures.playing.sheets import by_row
from tasks.figures.plots import Plot
from tasks.figures.words import after_epochs
from tasks.running.step import Step


def draw_denoised(step: Step) -> Drawing:
    """Test digits across; down: clean, noisy, and the output of each checkpoint."""
    roles = epoch_roles(step)
    digits = int(step.params["digits"])
    rows: list[Images] = []
    row_labels: list[str] = []
    origins: list[Origin] = []
    for epoch, role in roles.items():
        arrays = read_denoised(step, role)
        at = nearest(arrays["sigmas"], float(step.params["sigma"]))
        noise = {"sigma": float(arrays["sigmas"][at])}
        if not rows:
            rows = [arrays["clean"][:digits], arrays["noisy"][at, :digits]]
            row_labels = ["clean", f"noisy, {sigma_label(noise['sigma'])}"]
            origins = [Origin(data_of(role)), Origin(data_of(role), noise)]
        rows.append(arrays["output"][at, :digits])
        row_labels.append(epoch_label(epoch))
        origins.append(Origin(role, noise))
    block = Block(np.stack(rows), row_labels=row_labels, origin=seeded(step), row_origins=origins)
    alt = (
        f"{digits} test digits, clean, with noise, and denoised in one step {after_epochs(roles)}."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(digits + 1)), alt)


PLOTS = [Plot("denoised", draw_denoised, by_row)]
