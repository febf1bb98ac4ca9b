"""Sampling of the last checkpoint, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.figures.animation import draw_animation, time_label
from tasks.figures.drawing import Drawing
from tasks.figures.grid import choose_scale
from tasks.figures.origin import Origin
from tasks.figures.plots.samples import class_labels, class_origins, sample_object

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_sampling(step: Step) -> Drawing:
    """From noise to digits: "animation.webp", with the final frame as "image.png"."""
    arrays = step.read_arrays("sample", sample_object(step))
    times = [float(time) for time in arrays["times"]]
    rows, columns = int(step.params["rows"]), int(step.params["columns"])
    still, webp = draw_animation(
        arrays["frames"],
        times,
        rows,
        columns,
        choose_scale(columns),
        class_labels(step),
        Origin("sample", {"seed": step.params["seed"]}),
        class_origins(step),
    )
    alt = (
        f"Sampling of {rows * columns} digits in {len(times)} frames, from noise at "
        f"{time_label(times[0], times)} to the samples at {time_label(times[-1], times)}."
    )
    return Drawing.of_sheet(still, alt, animation_webp=webp)
