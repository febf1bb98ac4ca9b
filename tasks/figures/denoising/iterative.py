"""Iterative denoising: what it passes through."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_inputs import all_timesteps, timestep_labels
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_iterative(step: Step) -> Drawing:
    """x_t at the snapshots' t, noisiest first, and the result."""
    arrays = step.read_arrays("trajectory", "trajectory.safetensors")
    timesteps = [int(t) for t in arrays["snapshot_timesteps"]]
    images = [*arrays["snapshots"], arrays["image"]]
    row = [Picture(to_pixels(image), role="trajectory") for image in images]
    labels = [*timestep_labels(timesteps), "result"]
    alt = (
        f"A picture while it is denoised step by step, at {all_timesteps(timesteps)}, and the "
        "result."
    )
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


PLOTS = [Plot("iterative", draw_iterative, by_column, drawn_as="snapshots")]
