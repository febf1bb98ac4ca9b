"""How often the similarity model finds the right caption, by how the picture is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from tasks.figures.curves import add_legend_above, csv_bytes, draw_chart, style_axes, style_ticks
from tasks.figures.drawing import Drawing
from tasks.figures.style import Theme, sequence_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tasks.running.step import Step

MEASURES = {"concept": "right concept", "style": "right style", "both": "both at once"}
WORDS = {
    "whole": "as drawn",
    "at_24": "24 pixels",
    "at_16": "16 pixels",
    "at_8": "8 pixels",
    "high_passed": "high-passed",
    "disturbed": "disturbed",
}


def draw_pocket_retrieval(step: Step) -> Drawing:
    """Bars of retrieval.parquet: a group a way of seeing, a bar a measure."""
    table = step.read_table("similarity", "retrieval.parquet").to_pydict()
    conditions = [str(condition) for condition in table["condition"]]
    shares = {measure: [float(value) for value in table[measure]] for measure in MEASURES}

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        style_axes(axes, theme, "pictures held out, as they are seen", "share found")
        places = np.arange(len(conditions))
        width = 0.8 / len(shares)
        colours = sequence_colours(theme, len(shares))
        for index, ((measure, values), colour) in enumerate(
            zip(shares.items(), colours, strict=True)
        ):
            offset = (index - (len(shares) - 1) / 2) * width
            axes.bar(places + offset, values, width * 0.92, color=colour, label=MEASURES[measure])
        axes.set_xticks(places, [WORDS[condition] for condition in conditions])
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        style_ticks(axes, theme)
        add_legend_above(figure, theme, axes)

    told = ", ".join(
        f"{100 * share:.0f} percent ({WORDS[condition]})"
        for condition, share in zip(conditions, shares["concept"], strict=True)
    )
    rows: list[tuple[float | int | str, ...]] = [
        (condition, *(shares[measure][place] for measure in MEASURES))
        for place, condition in enumerate(conditions)
    ]
    return draw_chart(
        draw,
        f"Share of held-out pictures of which the right concept is found: {told}.",
        height=360,
        data_csv=csv_bytes(("seen", *MEASURES), rows),
    )
