"""How often the similarity model finds the right caption, by how the picture is seen."""

from __future__ import annotations

from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.plots import Plot
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

    def draw(chart: Chart) -> None:
        axes = chart.add_axes("pictures held out, as they are seen", "share found")
        chart.add_bars(axes, {MEASURES[measure]: values for measure, values in shares.items()})
        axes.set_xticks(range(len(conditions)), [WORDS[condition] for condition in conditions])
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        chart.add_legend(axes, is_above=True)

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


PLOTS = [Plot("pocket_retrieval", draw_pocket_retrieval)]
