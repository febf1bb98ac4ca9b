"""The annotated write-up's network as a table: shape after each part, and its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.figures.drawing.chart import NOTE, csv_bytes, draw_chart
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.style import Theme, chart_font
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(len(names) + 2, 0)
        share = (1 - FIRST_COLUMN) / len(networks)
        for number, (title, made) in enumerate(zip(titles, by_network, strict=True)):
            shape_x = FIRST_COLUMN + share * (number + 0.62)
            count_x = FIRST_COLUMN + share * (number + 1)
            _write(axes, theme.ink, count_x, 0.5, title, "right", is_bold=True)
            _write(axes, theme.muted, shape_x, 1.5, "shape of the output", "right")
            _write(axes, theme.muted, count_x, 1.5, "parameters", "right")
            for line, row in enumerate(made, 2):
                is_whole = line == len(made) + 1
                _write(axes, theme.ink, shape_x, line + 0.5, row["shape"], "right", is_whole)
                count = f"{row['parameters']:,}"
                _write(axes, theme.ink, count_x, line + 0.5, count, "right", is_whole)
        for line, name in enumerate(names, 2):
            is_whole = line == len(names) + 1
            _write(axes, theme.ink, 0, line + 0.5, name, "left", is_whole)
            axes.axhline(line, color=theme.rule, linewidth=0.8)

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


def _write(
    axes: Axes, colour: str, x: float, y: float, text: str, side: str, is_bold: bool = False
) -> None:
    axes.text(
        x,
        y,
        text,
        ha=side,
        va="center",
        color=colour,
        fontproperties=chart_font(NOTE, is_bold=is_bold),
    )


PLOTS = [Plot("network_summary", draw_network_summary)]
