"""Guidance by a noise-aware classifier beside guidance without one, over the scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tasks.figures.drawing.chart import (
    TEXT,
    add_legend,
    csv_bytes,
    draw_chart,
    draw_floor,
    note,
    percent,
    short,
    style_axes,
)
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric, metrics_of, numbered_roles
from tasks.figures.drawing.style import GAMMA, Theme, chart_font
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
        name: {guidance: metrics_of(step, roles[guidance], name) for guidance in GUIDANCES}
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
        left.yaxis.set_major_formatter(percent)
        left.set_ylim(top=1.06)
        draw_floor(right, theme, floor, "right")
        right.set_ylim(bottom=0)
        for axes in (left, right):
            axes.set_xticks(scales)
            axes.xaxis.set_major_formatter(short)
        add_legend(left, theme, is_above=True)

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
    place = (scales[index], values[index])
    note(axes, write(values[index]), place, (0, 8), colour, is_bold=True)


PLOTS = [Plot("guidance_curve", draw_guidance_curve)]
