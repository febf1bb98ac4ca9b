"""Effect of the guidance scale on what a model draws."""

from __future__ import annotations

from collections.abc import Callable

from tasks.figures.drawing.chart import Axes, Chart, csv_bytes, draw_chart, percent, plain, short
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric, metrics_of, numbered_roles
from tasks.figures.drawing.style import GAMMA
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_guidance_sweep(step: Step) -> Drawing:
    """Label accuracy and Frechet distance over guidance scale; the floor is real against real."""
    roles = numbered_roles(step, "guidance")
    scales = [float(scale) for scale in step.params["guidance_scales"]]
    accuracy = metrics_of(step, roles, "label_accuracy")
    distance = metrics_of(step, roles, "frechet_distance")
    floor = metric(step, roles[0], "frechet_floor")

    def draw(chart: Chart) -> None:
        upper, lower = chart.figure.subplots(2, 1, sharex=True)
        chart.style(upper, "", "label accuracy")
        _draw_sweep(chart, upper, 0, scales, accuracy, max, percent)
        upper.yaxis.set_major_formatter(percent)
        low = min(accuracy)
        bottom = low - (1 - low) * 0.15 - 0.005
        # Room for a word over the best one, and no tick beyond all of them.
        upper.set_ylim(bottom, 1 + (1 - low) * 0.2 + 0.005)
        upper.set_yticks([tick for tick in upper.get_yticks() if bottom <= tick <= 1])
        chart.style(lower, f"guidance scale {GAMMA}", "Fréchet distance")
        _draw_sweep(chart, lower, 1, scales, distance, min, short)
        chart.add_floor(lower, floor)
        lower.set_ylim(0, max([*distance, floor]) * 1.25)
        lower.set_xticks(scales)
        upper.tick_params(labelbottom=False)
        lower.xaxis.set_major_formatter(plain)
        chart.figure.align_ylabels([upper, lower])

    best, nearest = max(accuracy), min(distance)
    listed = join_words([f"{scale:g}" for scale in scales])
    alt = (
        f"Label accuracy and Fréchet distance for guidance scales {listed}; accuracy is highest, "
        f"{percent(best)}, at {scales[accuracy.index(best)]:g}; distance lowest, {nearest:.3g}, at "
        f"{scales[distance.index(nearest)]:g}; floor {floor:.3g}."
    )
    rows = [(s, a, d, floor) for s, a, d in zip(scales, accuracy, distance, strict=True)]
    header = ("guidance_scale", "label_accuracy", "frechet_distance", "frechet_floor")
    return draw_chart(draw, alt, height=480, data_csv=csv_bytes(header, rows))


def _draw_sweep(
    chart: Chart,
    axes: Axes,
    index: int,
    scales: list[float],
    values: list[float],
    best: Callable[[list[float]], float],
    write: Callable[[float], str],
) -> None:
    """A line with its best point filled and named. index: of its colour."""
    colour = chart.theme.series[index]
    axes.plot(scales, values, color=colour, linewidth=1.8, zorder=2)
    axes.plot(
        scales,
        values,
        "o",
        markersize=5,
        markerfacecolor=chart.theme.ground,
        markeredgecolor=colour,
        markeredgewidth=1.4,
        zorder=3,
    )
    value = best(values)
    place = (scales[values.index(value)], value)
    axes.plot(*place, "o", markersize=7, color=colour, zorder=4)
    chart.note(axes, write(value), place, (0, 8), colour, is_bold=True)


PLOTS = [Plot("guidance_sweep", draw_guidance_sweep)]
