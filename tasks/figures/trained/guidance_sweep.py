"""Effect of the guidance scale on what a model draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tasks.figures.drawing.chart import (
    csv_bytes,
    draw_chart,
    draw_floor,
    note,
    percent,
    plain,
    short,
    style_axes,
)
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric, metrics_of, numbered_roles
from tasks.figures.drawing.style import GAMMA, Theme
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_guidance_sweep(step: Step) -> Drawing:
    """Label accuracy and Frechet distance over guidance scale; the floor is real against real."""
    roles = numbered_roles(step, "guidance")
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    accuracy = metrics_of(step, roles, "label_accuracy")
    distance = metrics_of(step, roles, "frechet_distance")
    floor = metric(step, roles[0], "frechet_floor")

    def draw(figure: Figure, theme: Theme) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True)
        style_axes(upper, theme, "", "label accuracy")
        _draw_sweep(
            upper, theme, theme.series[0], scales, accuracy, int(np.argmax(accuracy)), percent
        )
        upper.yaxis.set_major_formatter(percent)
        low = min(accuracy)
        upper.set_ylim(low - (1 - low) * 0.15 - 0.005, 1 + (1 - low) * 0.2 + 0.005)
        style_axes(lower, theme, f"guidance scale {GAMMA}", "Fréchet distance")
        _draw_sweep(
            lower, theme, theme.series[1], scales, distance, int(np.argmin(distance)), short
        )
        draw_floor(lower, theme, floor, "right")
        lower.set_ylim(0, max([*distance, floor]) * 1.25)
        lower.set_xticks(scales)
        upper.tick_params(labelbottom=False)
        lower.xaxis.set_major_formatter(plain)
        figure.align_ylabels([upper, lower])

    best = int(np.argmax(accuracy))
    listed = join_words([f"{scale:g}" for scale in scales])
    alt = (
        f"Label accuracy and Fréchet distance for guidance scales {listed}; "
        f"accuracy is highest, {percent(accuracy[best])}, at {scales[best]:g}; distance lowest, "
        f"{min(distance):.3g}, at {scales[int(np.argmin(distance))]:g}; floor {floor:.3g}."
    )
    rows = [(s, a, d, floor) for s, a, d in zip(scales, accuracy, distance, strict=True)]
    header = ("guidance_scale", "label_accuracy", "frechet_distance", "frechet_floor")
    return draw_chart(draw, alt, height=480, data_csv=csv_bytes(header, rows))


def _draw_sweep(
    axes: Axes,
    theme: Theme,
    colour: str,
    scales: list[float],
    values: list[float],
    best: int,
    name_value: Callable[[float], str],
) -> None:
    """A line with its best point filled and named."""
    axes.plot(scales, values, color=colour, linewidth=1.8, zorder=2)
    axes.plot(
        scales,
        values,
        "o",
        markersize=5,
        markerfacecolor=theme.ground,
        markeredgecolor=colour,
        markeredgewidth=1.4,
        zorder=3,
    )
    axes.plot([scales[best]], [values[best]], "o", markersize=7, color=colour, zorder=4)
    place = (scales[best], values[best])
    note(axes, name_value(values[best]), place, (0, 8), colour, is_bold=True)


PLOTS = [Plot("guidance_sweep", draw_guidance_sweep)]
