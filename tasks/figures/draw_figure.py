"""The step of kind "figure": one panel, one picture.

Raise its code version in tasks/running/kinds.py when a change in tasks/figures changes pictures.
"""

from __future__ import annotations

from tasks import StepFailed
from tasks.figures.plots import drawn_plots
from tasks.running.step import Step, StepResult


def draw_figure(step: Step) -> StepResult:
    """Draw params["plot"] from the step's inputs.

    Returns "image.png", for charts "image-dark.png" and "data.csv", for animations
    "animation.webp", for turned pictures "motion.json"; info holds width, height (CSS pixels), alt
    and cells.
    """
    plot, plots = str(step.params.get("plot")), drawn_plots()
    if plot not in plots:
        raise StepFailed(f"{step.name}: no plot named {plot!r}; there are {', '.join(plots)}")
    drawing = plots[plot](step)
    return StepResult(
        objects=drawing.objects,
        info={
            "width": drawing.width,
            "height": drawing.height,
            "alt": drawing.alt,
            "cells": list(drawing.cells),
        },
    )
