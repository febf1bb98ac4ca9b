"""Samples of two models from the same noise."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.grid import draw_blocks
from tasks.figures.drawing.inputs import labels, numbered_roles, sampled_block
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_comparison(step: Step) -> Drawing:
    """Two models side by side; images at the same place began as the same noise."""
    roles = numbered_roles(step, "model")
    titles = labels(step, len(roles))
    blocks = [sampled_block(step, role, title) for role, title in zip(roles, titles, strict=True)]
    alt = f"Sampled digits from the same noise, side by side: {join_words(titles)}."
    return Drawing.of_sheet(draw_blocks(blocks, scale=2, is_across=True), alt)


PLOTS = [Plot("comparison", draw_comparison)]
