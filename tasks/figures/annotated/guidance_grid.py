"""Samples at each guidance scale, by a noise-aware classifier and without one."""

from __future__ import annotations

import numpy as np

from tasks.figures.annotated.guidance_curve import GUIDANCES
from tasks.figures.drawing.chart import short
from tasks.figures.drawing.drawn import Drawing, Origin
from tasks.figures.drawing.grid import Block, draw_blocks
from tasks.figures.drawing.inputs import numbered_roles, sampled_block, seeded
from tasks.figures.drawing.style import GAMMA
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_guidance_grid(step: Step) -> Drawing:
    """A row a scale, a column a class, a block a guidance; all rows began as the same noise."""
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    row_labels = [f"{GAMMA} = {scale:g}" for scale in scales]
    blocks = []
    for guidance, name in GUIDANCES.items():
        roles = numbered_roles(step, guidance)
        rows = [sampled_block(step, role).images[0] for role in roles]
        classes = range(len(rows[0]))
        blocks.append(
            Block(
                np.stack(rows),
                name,
                row_labels,
                [str(digit) for digit in classes],
                origin=seeded(step),
                row_origins=[Origin(role) for role in roles],
                column_origins=[Origin(params={"class": digit}) for digit in classes],
            )
        )
    alt = (
        f"Samples of the ten classes at guidance scales {join_words([short(s) for s in scales])}, "
        "guided by a classifier and classifier-free, from the same noise."
    )
    return Drawing.of_sheet(draw_blocks(blocks, scale=2, is_across=True), alt)


PLOTS = [Plot("guidance_grid", draw_guidance_grid)]
