"""The annotated write-up's network as a table: shape after each part, and its parameters."""

from __future__ import annotations

from typing import Any

from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step

ROW_PIXELS = 21
FIRST_COLUMN = 0.32
"""Share of the width that the names of the parts take."""


def draw_network_summary(step: Step) -> Drawing:
    """A row a part; for each network the shape that leaves it and its parameters."""
    rows = step.read_table("network", "parts.parquet").to_pylist()
    networks = sorted({row["network"] for row in rows})
    by_network = [[row for row in rows if row["network"] == network] for network in networks]
    titles = [_title(made) for made in by_network]
    names = [row["part"] for row in by_network[0]]

    def draw(chart: Chart) -> None:
        axes = chart.figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(len(names) + 2, 0)
        ink, muted = chart.theme.ink, chart.theme.muted
        share = (1 - FIRST_COLUMN) / len(networks)
        for number, (title, made) in enumerate(zip(titles, by_network, strict=True)):
            shape_x = FIRST_COLUMN + share * (number + 0.62)
            count_x = FIRST_COLUMN + share * (number + 1)
            chart.write(axes, (count_x, 0.5), title, ink, "right", is_bold=True)
            chart.write(axes, (shape_x, 1.5), "shape of the output", muted, "right")
            chart.write(axes, (count_x, 1.5), "parameters", muted, "right")
            for y, row in enumerate(made):
                is_whole = y == len(made) - 1
                for x, text in ((shape_x, row["shape"]), (count_x, f"{row['parameters']:,}")):
                    chart.write(axes, (x, y + 2.5), text, ink, "right", is_bold=is_whole)
        for y, name in enumerate(names):
            chart.write(axes, (0, y + 2.5), name, ink, "left", is_bold=y == len(names) - 1)
            axes.axhline(y + 2, color=chart.theme.rule, linewidth=0.8)

    described = [
        f"{title}, {made[-1]['parameters']:,} parameters, output {made[-1]['shape']}"
        for title, made in zip(titles, by_network, strict=True)
    ]
    alt = f"Parts of the network with shapes and parameters: {join_words(described)}."
    csv_rows = [
        (titles[row["network"]], row["part"], row["shape"], row["parameters"]) for row in rows
    ]
    return draw_chart(
        draw,
        alt,
        height=(len(names) + 2) * ROW_PIXELS + 16,
        data_csv=csv_bytes(("network", "part", "shape", "parameters"), csv_rows),
    )


def _title(parts: list[dict[str, Any]]) -> str:
    _, channels, _, side = parts[-1]["shape"].split(" x ")
    return f"{channels} channel{'s' * (int(channels) > 1)}, {side} pixels"


PLOTS = [Plot("network_summary", draw_network_summary)]
