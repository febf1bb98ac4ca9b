"""Guidance by a noise-aware classifier beside guidance without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tasks.figures.curves import (
    NOTE,
    TEXT,
    add_legend_above,
    csv_bytes,
    draw_chart,
    style_axes,
    style_ticks,
)
from tasks.figures.drawing import Drawing
from tasks.figures.grid import Block, draw_blocks
from tasks.figures.origin import Origin
from tasks.figures.plots.inputs import metric, numbered_roles
from tasks.figures.plots.measured_axes import draw_floor, percent, short
from tasks.figures.plots.samples import read_samples
from tasks.figures.style import GAMMA, Theme, chart_font
from tasks.figures.words import join_words

if TYPE_CHECKING:
    from tasks.running.step import Step

GUIDANCES = {"by_classifier": "by a classifier", "classifier_free": "classifier-free"}

SCORE_FORM = (
    r"$\nabla_{x_t}\log p_\gamma(x_t\,|\,y)"
    r" = \nabla_{x_t}\log p(x_t) + \gamma\,\nabla_{x_t}\log p(y\,|\,x_t)$"
)
LAST_TERM = (
    r"by a classifier: $\nabla_{x_t}\log p(y\,|\,x_t)$ of a network trained for it;  "
    r"classifier-free: $-\,(\epsilon(x_t, y) - \epsilon(x_t, \varnothing))"
    r"\,/\,\sqrt{1-\bar\alpha_t}$"
)


def draw_guidance_curve(step: Step) -> Drawing:
    """Label accuracy and Frechet distance over the scale, a line a guidance, under the equation
    that both put into practice."""
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    roles = {guidance: numbered_roles(step, guidance) for guidance in GUIDANCES}
    measured = {
        name: {
            guidance: [metric(step, role, name) for role in roles[guidance]]
            for guidance in GUIDANCES
        }
        for name in ("label_accuracy", "frechet_distance")
    }
    accuracy, distance = measured["label_accuracy"], measured["frechet_distance"]
    floor = metric(step, roles["by_classifier"][0], "frechet_floor")

    def draw(figure: Figure, theme: Theme) -> None:
        _write_equation(figure, theme)
        left, right = figure.subplots(1, 2)
        style_axes(left, theme, f"guidance scale {GAMMA}", "label accuracy")
        style_axes(right, theme, f"guidance scale {GAMMA}", "Fréchet distance")
        for index, (guidance, name) in enumerate(GUIDANCES.items()):
            for axes, values, best, write in (
                (left, accuracy[guidance], max, percent),
                (right, distance[guidance], min, short),
            ):
                _draw_line(axes, theme.series[index], name, scales, values, best, write)
        left.yaxis.set_major_formatter(FuncFormatter(percent))
        left.set_ylim(top=1.06)
        draw_floor(right, theme, floor, "right")
        right.set_ylim(bottom=0)
        for axes in (left, right):
            axes.set_xticks(scales)
            axes.xaxis.set_major_formatter(FuncFormatter(short))
            style_ticks(axes, theme)
        add_legend_above(figure, theme, left)

    found = [
        f"{name} accuracy up to {percent(max(accuracy[guidance]))} and distance down to "
        f"{min(distance[guidance]):.3g}"
        for guidance, name in GUIDANCES.items()
    ]
    alt = f"Over guidance scales 0 to {max(scales):g}: {join_words(found)}; floor {floor:.3g}."
    rows = [
        (guidance, scale, accuracy[guidance][i], distance[guidance][i], floor)
        for guidance in GUIDANCES
        for i, scale in enumerate(scales)
    ]
    header = (
        "guidance",
        "guidance_scale",
        "label_accuracy",
        "frechet_distance",
        "frechet_floor",
    )
    return draw_chart(draw, alt, height=430, data_csv=csv_bytes(header, rows))


def _write_equation(figure: Figure, theme: Theme) -> None:
    # To the left, since the legend stands on the right of the first line.
    title = figure.suptitle(
        f"{SCORE_FORM}\n{LAST_TERM}",
        x=0.01,
        ha="left",
        color=theme.ink,
        fontproperties=chart_font(TEXT),
    )
    title.set_math_fontfamily("dejavusans")
    title.set_linespacing(1.7)


def _draw_line(
    axes: Axes,
    colour: str,
    name: str,
    scales: list[float],
    values: list[float],
    best: Callable[[list[float]], float],
    write: Callable[[float], str],
) -> None:
    """A line whose best point is filled and named."""
    axes.plot(scales, values, "o-", color=colour, linewidth=1.8, markersize=4, label=name)
    index = values.index(best(values))
    axes.plot([scales[index]], [values[index]], "o", markersize=8, color=colour)
    axes.annotate(
        write(values[index]),
        (scales[index], values[index]),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=colour,
        fontproperties=chart_font(NOTE, is_bold=True),
    )


def draw_guidance_grid(step: Step) -> Drawing:
    """A row a scale, a column a class, a block a guidance; all rows began as the same noise."""
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    row_labels = [f"{GAMMA} = {scale:g}" for scale in scales]
    blocks = []
    for guidance, name in GUIDANCES.items():
        roles = numbered_roles(step, guidance)
        rows = [read_samples(step, role)[0] for role in roles]
        classes = range(len(rows[0]))
        blocks.append(
            Block(
                np.stack(rows),
                name,
                row_labels,
                [str(digit) for digit in classes],
                origin=Origin(params={"seed": step.params["seed"]}),
                row_origins=[Origin(role) for role in roles],
                column_origins=[Origin(params={"class": digit}) for digit in classes],
            )
        )
    alt = (
        f"Samples of the ten classes at guidance scales {join_words([short(s) for s in scales])}, "
        "guided by a classifier and classifier-free, from the same noise."
    )
    return Drawing.of_sheet(draw_blocks(blocks, scale=2, is_across=True), alt)


def draw_guide_accuracy(step: Step) -> Drawing:
    """Accuracy over t of the guide, and of a classifier that has only seen clean images."""
    metrics = step.inputs["guide"].metrics
    times = sorted(
        int(name.removeprefix("guide_accuracy_"))
        for name in metrics
        if name.startswith("guide_accuracy_")
    )
    lines = {
        "trained on noised images": [metric(step, "guide", f"guide_accuracy_{t}") for t in times],
        "trained on clean images": [metric(step, "guide", f"clean_accuracy_{t}") for t in times],
    }

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        style_axes(axes, theme, "t", "test accuracy")
        for (name, values), colour in zip(lines.items(), theme.series, strict=False):
            axes.plot(times, values, "o-", color=colour, linewidth=1.8, markersize=4, label=name)
        axes.axhline(0.1, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), label="chance")
        axes.yaxis.set_major_formatter(FuncFormatter(percent))
        axes.set_ylim(0, 1.04)
        axes.set_xticks(times)
        style_ticks(axes, theme)
        add_legend_above(figure, theme, axes)

    ends = [f"{name} {percent(v[0])} to {percent(v[-1])}" for name, v in lines.items()]
    alt = f"Accuracy on noised test images from t = {times[0]} to {times[-1]}: {join_words(ends)}."
    rows = [(t, *(values[i] for values in lines.values())) for i, t in enumerate(times)]
    header = ("t", "guide_accuracy", "clean_accuracy")
    return draw_chart(draw, alt, height=320, data_csv=csv_bytes(header, rows))
