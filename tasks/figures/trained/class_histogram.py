"""Which classes a model draws unasked, as a classifier reads them."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart, percent
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import epoch_label, epoch_roles, metric
from tasks.figures.plots import Plot
from tasks.figures.words import after_epochs
from tasks.running.step import Step


def draw_class_histogram(step: Step) -> Drawing:
    """Share of each class among unconditioned samples, by checkpoint, against a tenth each."""
    roles = epoch_roles(step)
    shares = {
        epoch: [metric(step, role, f"class_share_{digit}") for digit in range(10)]
        for epoch, role in roles.items()
    }

    def draw(chart: Chart) -> None:
        axes = chart.add_axes("class the classifier reads", "share of samples")
        chart.add_bars(axes, {epoch_label(epoch): share for epoch, share in shares.items()})
        axes.axhline(
            0.1, color=chart.theme.ink, linewidth=1, linestyle=(0, (4, 3)), label="uniform, 10 %"
        )
        axes.set_xticks(range(10))
        axes.set_xlim(-0.6, 9.6)
        axes.set_ylim(0, max(0.12, max(map(max, shares.values()))) * 1.08)
        axes.yaxis.set_major_formatter(percent)
        chart.add_legend(axes, is_above=True)

    last, share = list(shares.items())[-1]
    alt = (
        f"Share of each digit among samples {after_epochs(shares)}; "
        f"after epoch {last} from {percent(min(share))} ({int(np.argmin(share))}) to "
        f"{percent(max(share))} ({int(np.argmax(share))}), uniform would be 10 %."
    )
    rows = [(epoch, digit, row[digit]) for epoch, row in shares.items() for digit in range(10)]
    return draw_chart(draw, alt, height=360, data_csv=csv_bytes(("epoch", "digit", "share"), rows))


PLOTS = [Plot("class_histogram", draw_class_histogram)]
