"""What ways of sampling cost, and how far their samples are from real images."""

from __future__ import annotations

from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart, plain
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import labels, metric, metrics_of, numbered_roles
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_evaluation_cost(step: Step) -> Drawing:
    """Frechet distance over network evaluations; the floor is real against real."""
    roles = numbered_roles(step, "way")
    titles = labels(step, len(roles))
    evaluations = metrics_of(step, roles, "network_evaluations")
    distance = metrics_of(step, roles, "frechet_distance")
    floor = metric(step, roles[0], "frechet_floor")

    def draw(chart: Chart) -> None:
        axes = chart.add_axes("network evaluations an image (log scale)", "Fréchet distance")
        for index, title in enumerate(titles):
            # DDIM in all its steps costs what ancestral sampling does: one is named above its
            # point, the other below.
            is_ddim = "DDIM" in title
            colour = chart.theme.series[is_ddim]
            axes.plot(evaluations[index], distance[index], "o", markersize=7, color=colour)
            chart.note(
                axes,
                f"{title}\n{distance[index]:.3g}",
                (evaluations[index], distance[index]),
                (0, 8 if is_ddim else -8),
                colour,
                has_halo=True,
                va="bottom" if is_ddim else "top",
            )
        chart.add_floor(axes, floor)
        axes.set_xscale("log")
        axes.set_xlim(min(evaluations) / 1.8, max(evaluations) * 1.8)
        axes.set_ylim(0, max([*distance, floor]) * 1.35)
        axes.set_xticks(sorted(set(evaluations)))
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(plain)

    found = [f"{title} {value:.3g}" for title, value in zip(titles, distance, strict=True)]
    alt = f"Fréchet distance by network evaluations: {join_words(found)}; floor {floor:.3g}."
    rows = list(zip(titles, evaluations, distance, [floor] * len(titles), strict=True))
    header = ("way", "network_evaluations", "frechet_distance", "frechet_floor")
    return draw_chart(draw, alt, height=340, data_csv=csv_bytes(header, rows))


PLOTS = [Plot("evaluation_cost", draw_evaluation_cost)]
