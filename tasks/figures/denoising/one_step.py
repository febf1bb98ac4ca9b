"""A picture under growing noise, and what one step of the model makes of it."""

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
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.playing.sheets import wipe, wipe_subject
from tasks.figures.plots import Plot
from tasks.running.step import Step

ROWS = ("original", "noisy", "one-step estimate")


def draw_one_step(step: Step) -> Drawing:
    """The original, the noisy picture, and the clean one as estimated from it in one step."""
    timesteps = noisy_timesteps(step, "estimate")
    clean = to_pixels(step.read_arrays("noisy", "noisy.safetensors")["clean"])
    sheet = draw_pictures(
        [
            [Picture(clean, role="noisy")] * len(timesteps),
            at_timesteps(step, "noisy", timesteps),
            at_timesteps(step, "estimate", timesteps),
        ],
        row_labels=ROWS,
        column_labels=timestep_labels(timesteps),
    )
    alt = (
        f"A picture, the same with noise at {all_timesteps(timesteps)}, and the clean picture as "
        "the model estimates it from each in one step."
    )
    return Drawing.of_sheet(sheet, alt)


def play_one_step(panel: DrawnPanel) -> Control | None:
    """The original, of which all are alike, across the estimates, and across the noisy ones."""
    original, *others = (
        [i for i, place in enumerate(panel.places) if place["row"] == row]
        for row in range(len(ROWS))
    )
    if not original or not all(others):
        return None
    titled = zip(ROWS[:0:-1], others[::-1], strict=True)
    return wipe([wipe_subject(panel, title, original[0], found) for title, found in titled])


PLOTS = [Plot("one_step", draw_one_step, play_one_step, drawn_as="one_step_rows")]
