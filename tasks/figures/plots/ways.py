"""One model sampled in several ways, and one grid in two ranges of grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter

from tasks.figures.curves import NOTE, csv_bytes, draw_chart, style_axes, style_ticks
from tasks.figures.drawing import Drawing
from tasks.figures.grid import Block, choose_scale, draw_blocks
from tasks.figures.origin import Origin
from tasks.figures.plots.inputs import labels, metric, numbered_roles
from tasks.figures.plots.measured_axes import draw_floor
from tasks.figures.plots.samples import sample_object, sampled_block
from tasks.figures.style import Theme, chart_font
from tasks.figures.words import join_words

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_ways(step: Step) -> Drawing:
    """One block a way; images at the same place began as the same noise."""
    roles = numbered_roles(step, "way")
    titles = labels(step, len(roles))
    blocks = [sampled_block(step, role, title) for role, title in zip(roles, titles, strict=True)]
    alt = f"Samples from the same noise in several ways: {join_words(titles)}."
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(int(step.params["columns"]))), alt)


def draw_pixel_ranges(step: Step) -> Drawing:
    """The same samples between their own extremes and in the fixed range, one over the other."""
    arrays = step.read_arrays("sample", sample_object(step))
    shape = (int(step.params["rows"]), int(step.params["columns"]), *arrays["images"].shape[1:])
    origin = Origin("sample", {"seed": step.params["seed"]})
    titles = {
        "rescaled": "between their own minimum and maximum",
        "images": "black -1, white 1, cut beyond",
    }
    blocks = [
        Block(arrays[name].reshape(shape), title, origin=origin) for name, title in titles.items()
    ]
    alt = (
        f"{shape[0] * shape[1]} samples in rows of {shape[1]}, rescaled by their own minimum and "
        "maximum, and below in the fixed range of the data."
    )
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(shape[1])), alt)


def draw_evaluation_cost(step: Step) -> Drawing:
    """Frechet distance over network evaluations; the floor is real against real."""
    roles = numbered_roles(step, "way")
    titles = labels(step, len(roles))
    evaluations = [metric(step, role, "network_evaluations") for role in roles]
    distance = [metric(step, role, "frechet_distance") for role in roles]
    floor = metric(step, roles[0], "frechet_floor")

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        style_axes(axes, theme, "network evaluations an image (log scale)", "Fréchet distance")
        for index, title in enumerate(titles):
            # DDIM in all its steps costs what ancestral sampling does: one is named above its
            # point, the other below.
            is_ddim = "DDIM" in title
            colour = theme.series[is_ddim]
            axes.plot(evaluations[index], distance[index], "o", markersize=7, color=colour)
            axes.annotate(
                f"{title}\n{distance[index]:.3g}",
                (evaluations[index], distance[index]),
                xytext=(0, 8 if is_ddim else -8),
                textcoords="offset points",
                ha="center",
                va="bottom" if is_ddim else "top",
                color=colour,
                fontproperties=chart_font(NOTE),
                path_effects=[withStroke(linewidth=3, foreground=theme.ground)],
            )
        draw_floor(axes, theme, floor, "left")
        axes.set_xscale("log")
        axes.set_xlim(min(evaluations) / 1.8, max(evaluations) * 1.8)
        axes.set_ylim(0, max([*distance, floor]) * 1.35)
        axes.set_xticks(sorted(set(evaluations)))
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        style_ticks(axes, theme)

    found = [f"{title} {value:.3g}" for title, value in zip(titles, distance, strict=True)]
    alt = f"Fréchet distance by network evaluations: {join_words(found)}; floor {floor:.3g}."
    rows = list(zip(titles, evaluations, distance, [floor] * len(titles), strict=True))
    header = ("way", "network_evaluations", "frechet_distance", "frechet_floor")
    return draw_chart(draw, alt, height=340, data_csv=csv_bytes(header, rows))
