"""Guidance by a noise-aware classifier beside guidance without one, over the scale."""

from __future__ import annotations

from collections.abc import Callable

from tasks.figures.drawing.chart import TEXT, Axes, Chart, csv_bytes, draw_chart, percent, short
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric, metrics_of, numbered_roles
from tasks.figures.drawing.style import GAMMA, chart_font
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
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
        name: {guidance: metrics_of(step, roles[guidance], name) for guidance in GUIDANCES}
        for name in ("label_accuracy", "frechet_distance")
    }
    accuracy, distance = measured["label_accuracy"], measured["frechet_distance"]
    floor = metric(step, roles["by_classifier"][0], "frechet_floor")

    def draw(chart: Chart) -> None:
        _write_equation(chart)
        left, right = chart.figure.subplots(1, 2)
        chart.style(left, f"guidance scale {GAMMA}", "label accuracy")
        chart.style(right, f"guidance scale {GAMMA}", "Fréchet distance")
        for index, (guidance, name) in enumerate(GUIDANCES.items()):
            for axes, values, best, write in (
                (left, accuracy[guidance], max, percent),
                (right, distance[guidance], min, short),
            ):
                _draw_line(chart, axes, index, name, scales, values, best, write)
        left.yaxis.set_major_formatter(percent)
        left.set_ylim(top=1.06)
        chart.add_floor(right, floor)
        right.set_ylim(bottom=0)
        for axes in (left, right):
            axes.set_xticks(scales)
            axes.xaxis.set_major_formatter(short)
        chart.add_legend(left, is_above=True)

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


def _write_equation(chart: Chart) -> None:
    # To the left, since the legend stands on the right of the first line.
    title = chart.figure.suptitle(
        f"{SCORE_FORM}\n{LAST_TERM}",
        x=0.01,
        ha="left",
        color=chart.theme.ink,
        fontproperties=chart_font(TEXT),
    )
    title.set_math_fontfamily("dejavusans")
    title.set_linespacing(1.7)


def _draw_line(
    chart: Chart,
    axes: Axes,
    index: int,
    name: str,
    scales: list[float],
    values: list[float],
    best: Callable[[list[float]], float],
    write: Callable[[float], str],
) -> None:
    """A line whose best point is filled and named. index: of its colour."""
    colour = chart.theme.series[index]
    axes.plot(scales, values, "o-", color=colour, linewidth=1.8, markersize=4, label=name)
    value = best(values)
    place = (scales[values.index(value)], value)
    axes.plot(*place, "o", markersize=8, color=colour)
    chart.note(axes, write(value), place, (0, 8), colour, is_bold=True)


PLOTS = [Plot("guidance_curve", draw_guidance_curve)]
