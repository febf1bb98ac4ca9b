"""A picture under growing noise."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_inputs import (
    all_timesteps,
    at_timesteps,
    noisy_timesteps,
    timestep_labels,
)
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_forward(step: Step) -> Drawing:
    """x_t at each t. params: show_clean, whether the clean picture stands before them."""
    timesteps = noisy_timesteps(step)
    noisy = at_timesteps(step, "noisy", timesteps)
    clean = step.read_arrays("noisy", "noisy.safetensors")["clean"]
    show_clean = bool(step.params.get("show_clean"))
    row = [Picture(to_pixels(clean), role="noisy")] * show_clean + noisy
    labels = ["original"] * show_clean + timestep_labels(timesteps)
    alt = (
        f"A picture{', clean and' if show_clean else ''} with noise at {all_timesteps(timesteps)}."
    )
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


PLOTS = [Plot("forward", draw_forward, by_column, drawn_as="noised_row")]
