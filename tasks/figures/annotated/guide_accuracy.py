"""How well a noise-aware classifier reads noised images, over t."""

from __future__ import annotations

from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart, percent
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


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

    def draw(chart: Chart) -> None:
        axes = chart.add_axes("t", "test accuracy")
        for (name, values), colour in zip(lines.items(), chart.theme.series, strict=False):
            axes.plot(times, values, "o-", color=colour, linewidth=1.8, markersize=4, label=name)
        axes.axhline(
            0.1, color=chart.theme.muted, linewidth=1, linestyle=(0, (4, 3)), label="chance"
        )
        axes.yaxis.set_major_formatter(percent)
        axes.set_ylim(0, 1.04)
        axes.set_xticks(times)
        chart.add_legend(axes, is_above=True)

    ends = [f"{name} {percent(v[0])} to {percent(v[-1])}" for name, v in lines.items()]
    alt = f"Accuracy on noised test images from t = {times[0]} to {times[-1]}: {join_words(ends)}."
    rows = [(t, *(values[i] for values in lines.values())) for i, t in enumerate(times)]
    header = ("t", "guide_accuracy", "clean_accuracy")
    return draw_chart(draw, alt, height=320, data_csv=csv_bytes(header, rows))


PLOTS = [Plot("guide_accuracy", draw_guide_accuracy)]
