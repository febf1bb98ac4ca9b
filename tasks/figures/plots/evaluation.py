"""What the measuring of checkpoints found: classes drawn, and the effect of guidance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tasks.figures.curves import (
    NOTE,
    add_legend_above,
    csv_bytes,
    draw_chart,
    style_axes,
    style_ticks,
)
from tasks.figures.drawing import Drawing
from tasks.figures.plots.inputs import (
    epoch_label,
    epoch_roles,
    metric,
    numbered_roles,
)
from tasks.figures.plots.measured_axes import draw_floor, percent, short
from tasks.figures.style import GAMMA, Theme, chart_font, sequence_colours
from tasks.figures.words import after_epochs, join_words

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_class_histogram(step: Step) -> Drawing:
    """Share of each class among unconditioned samples, by checkpoint, against a tenth each."""
    roles = epoch_roles(step)
    shares = {
        epoch: [metric(step, role, f"class_share_{digit}") for digit in range(10)]
        for epoch, role in roles.items()
    }

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        style_axes(axes, theme, "class the classifier reads", "share of samples")
        width = 0.8 / len(shares)
        colours = sequence_colours(theme, len(shares))
        for index, ((epoch, share), colour) in enumerate(zip(shares.items(), colours, strict=True)):
            offset = (index - (len(shares) - 1) / 2) * width
            axes.bar(
                np.arange(10) + offset, share, width * 0.92, color=colour, label=epoch_label(epoch)
            )
        axes.axhline(
            0.1, color=theme.ink, linewidth=1, linestyle=(0, (4, 3)), label="uniform, 10 %"
        )
        axes.set_xticks(range(10))
        axes.set_xlim(-0.6, 9.6)
        axes.set_ylim(0, max(0.12, max(map(max, shares.values()))) * 1.08)
        axes.yaxis.set_major_formatter(FuncFormatter(percent))
        style_ticks(axes, theme)
        add_legend_above(figure, theme, axes)

    last, share = list(shares.items())[-1]
    alt = (
        f"Share of each digit among samples {after_epochs(shares)}; "
        f"after epoch {last} from {percent(min(share))} ({int(np.argmin(share))}) to "
        f"{percent(max(share))} ({int(np.argmax(share))}), uniform would be 10 %."
    )
    rows = [(epoch, digit, row[digit]) for epoch, row in shares.items() for digit in range(10)]
    return draw_chart(draw, alt, height=360, data_csv=csv_bytes(("epoch", "digit", "share"), rows))


def draw_guidance_sweep(step: Step) -> Drawing:
    """Label accuracy and Frechet distance over guidance scale; the floor is real against real."""
    roles = numbered_roles(step, "guidance")
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    accuracy = [metric(step, role, "label_accuracy") for role in roles]
    distance = [metric(step, role, "frechet_distance") for role in roles]
    floor = metric(step, roles[0], "frechet_floor")

    def draw(figure: Figure, theme: Theme) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True)
        style_axes(upper, theme, "", "label accuracy")
        _draw_sweep(
            upper, theme, theme.series[0], scales, accuracy, int(np.argmax(accuracy)), percent
        )
        upper.yaxis.set_major_formatter(FuncFormatter(percent))
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
        lower.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        figure.align_ylabels([upper, lower])
        for axes in (upper, lower):
            style_ticks(axes, theme)

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
    axes.annotate(
        name_value(values[best]),
        (scales[best], values[best]),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=colour,
        fontproperties=chart_font(NOTE, is_bold=True),
    )
