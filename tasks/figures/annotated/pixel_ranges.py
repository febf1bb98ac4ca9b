"""One grid of samples in two ranges of grey."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.grid import choose_scale, draw_blocks
from tasks.figures.drawing.inputs import sample_object, sampled_block
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_pixel_ranges(step: Step) -> Drawing:
    """The same samples between their own extremes and in the fixed range, one over the other."""
    arrays = step.read_arrays("sample", sample_object(step))
    rows, columns = int(step.params["rows"]), int(step.params["columns"])
    titles = {
        "rescaled": "between their own minimum and maximum",
        "images": "black -1, white 1, cut beyond",
    }
    blocks = [sampled_block(step, "sample", title, arrays[name]) for name, title in titles.items()]
    alt = (
        f"{rows * columns} samples in rows of {columns}, rescaled by their own minimum and "
        "maximum, and below in the fixed range of the data."
    )
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(columns)), alt)


PLOTS = [Plot("pixel_ranges", draw_pixel_ranges)]
