"""A photograph under growing noise."""

from __future__ import annotations

import numpy as np

from tasks.data.images import model_image
from tasks.figures.annotated.schedules import read_schedules
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_inputs import all_timesteps, timestep_labels
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_forward_strip(step: Step) -> Drawing:
    """The input "image" at params["size"] pixels, and at each of params["indices"], t counted
    from 0; one noise for all."""
    (schedule,) = read_schedules(step)
    size, indices = int(step.params["size"]), [int(index) for index in step.params["indices"]]
    x_0 = model_image(step.read("image", "image.png"), size)
    eps = np.random.default_rng(step.seed).standard_normal(x_0.shape)
    row = [Picture(to_pixels(x_0), width=size, role="image")]
    for index in indices:
        alpha_bar = schedule.alpha_bar[index]
        x_t = (np.sqrt(alpha_bar) * x_0 + np.sqrt(1 - alpha_bar) * eps).astype(np.float32)
        noise = {"t": index, "seed": step.seed}
        row.append(Picture(to_pixels(x_t), width=size, role="image", params=noise))
    labels = ["original", *timestep_labels(indices)]
    alt = f"A photograph of {size} pixels, clean and with the noise of {all_timesteps(indices)}."
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


PLOTS = [Plot("forward_strip", draw_forward_strip, by_column)]
