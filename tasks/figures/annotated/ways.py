"""One model sampled in several ways."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.grid import choose_scale, draw_blocks
from tasks.figures.drawing.inputs import labels, numbered_roles, sampled_block
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_ways(step: Step) -> Drawing:
    """One block a way; images at the same place began as the same noise."""
    roles = numbered_roles(step, "way")
    titles = labels(step, len(roles))
    blocks = [sampled_block(step, role, title) for role, title in zip(roles, titles, strict=True)]
    alt = f"Samples from the same noise in several ways: {join_words(titles)}."
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(int(step.params["columns"]))), alt)


PLOTS = [Plot("ways", draw_ways)]
