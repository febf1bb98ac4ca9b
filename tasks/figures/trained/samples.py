"""Samples by checkpoint, from the same noise."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.grid import choose_scale, draw_blocks
from tasks.figures.drawing.inputs import class_labels, epoch_label, epoch_roles, sampled_block
from tasks.figures.plots import Plot
from tasks.figures.words import after_epochs
from tasks.running.step import Step


def draw_samples(step: Step) -> Drawing:
    """One block for each checkpoint, all from the same noise."""
    roles = epoch_roles(step)
    blocks = [sampled_block(step, role, epoch_label(epoch)) for epoch, role in roles.items()]
    alt = (
        f"{step.params['rows']} rows of {step.params['columns']} sampled digits "
        f"{after_epochs(roles)}, from the same noise"
        f"{'; each column is one class, 0 to 9' if class_labels(step) else ''}."
    )
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(int(step.params["columns"]))), alt)


PLOTS = [Plot("samples", draw_samples)]
