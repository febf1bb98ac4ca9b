"""What the one-step denoisers make of pure noise."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.drawn import UNKNOWN, Drawing, Origin
from tasks.figures.drawing.grid import Block, choose_scale, draw_blocks
from tasks.figures.drawing.inputs import (
    data_of,
    epoch_label,
    epoch_roles,
    read_denoised,
    seeded,
)
from tasks.figures.drawing.pixels import Images
from tasks.figures.plots import Plot
from tasks.figures.words import after_epochs
from tasks.running.step import Step


def draw_pure_noise(step: Step) -> Drawing:
    """Outputs for pure noise by epoch, beside the mean training image."""
    roles = epoch_roles(step)
    digits = int(step.params["digits"])
    rows: list[Images] = []
    row_labels: list[str] = []
    origins: list[Origin] = []
    for epoch, role in roles.items():
        arrays = read_denoised(step, role)
        if not rows:
            rows, row_labels = [arrays["noisy"][0, :digits]], ["pure noise"]
            origins = [UNKNOWN]
        rows.append(arrays["output"][0, :digits])
        row_labels.append(epoch_label(epoch))
        origins.append(Origin(role))
    mean = arrays["mean_image"][None, None]
    outputs = Block(np.stack(rows), row_labels=row_labels, origin=seeded(step), row_origins=origins)
    beside = Block(mean, title="mean training image", origin=Origin(data_of(role)))
    alt = (
        f"{digits} inputs of pure noise and the outputs {after_epochs(roles)}, "
        f"beside the mean training image."
    )
    sheet = draw_blocks([outputs, beside], choose_scale(digits + 2), is_across=True)
    return Drawing.of_sheet(sheet, alt)


PLOTS = [Plot("pure_noise", draw_pure_noise)]
