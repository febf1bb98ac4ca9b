"""The loss of a training at every hundredth step, beside what was published for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.figures.drawing.chart import Axes, Chart, csv_bytes, draw_chart, legend_name, whole
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.losses import Losses, read_losses, use_log_scale
from tasks.figures.playing.losses import Line, loss_control, read_table
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.plots import Plot
from tasks.running.step import Step

PUBLISHED = "published, Fashion-MNIST"
CHART_PIXELS = 380
ROW_PIXELS = 19
APART = 0.47
"""Between this run's loss and the published one, as a share of a column."""


@dataclass(frozen=True)
class Reported:
    """A loss of one batch. epoch, step: counted from 0, step within the epoch. place: the step
    counted from 1 over the whole training."""

    epoch: int
    step: int
    place: int
    loss: float


def draw_reported_loss(step: Step) -> Drawing:
    """params: label, every, published (a list an epoch), published_steps (of an epoch)."""
    run, label = read_losses(step, "model_0"), str(step.params["label"])
    loss, per_epoch = run.raw, int(np.bincount(run.epoch).max())
    every = int(step.params["every"])
    ours = [
        Reported(place // per_epoch, place % per_epoch, place + 1, float(loss[place]))
        for place in range(len(loss))
        if place % per_epoch % every == 0
    ]
    published_steps = int(step.params["published_steps"])
    published = [
        Reported(epoch, index * every, epoch * published_steps + index * every + 1, float(value))
        for epoch, values in enumerate(step.params["published"])
        for index, value in enumerate(values)
    ]
    table_rows = 1 + max(each.epoch for each in [*ours, *published]) + 1

    def draw(chart: Chart) -> None:
        heights = [CHART_PIXELS, (table_rows + 1) * ROW_PIXELS]
        upper, lower = chart.figure.subplots(2, 1, height_ratios=heights)
        _draw_curves(chart, upper, label, run, ours, published)
        _draw_table(chart, lower, ours, published, table_rows)

    last = loss[-per_epoch:].mean()
    alt = (
        f"Training loss over {len(loss):,} steps, {loss[0]:.3f} at the first and {last:.3f} as the "
        f"mean of the last epoch; published {published[0].loss:.3f} at the first and "
        f"{published[-1].loss:.3f} at the last reported step."
    )
    height = CHART_PIXELS + (table_rows + 1) * ROW_PIXELS
    data_csv = _csv(label, per_epoch, run, published)
    return draw_chart(draw, alt, height=height, data_csv=data_csv)


def _draw_curves(
    chart: Chart,
    axes: Axes,
    label: str,
    run: Losses,
    ours: list[Reported],
    published: list[Reported],
) -> None:
    chart.style(axes, "step (log scale)", "training loss (log scale)")
    colour, other = chart.theme.series[0], chart.theme.series[1]
    run.add_to(axes, colour)
    for reports, name, ink, marker in (
        (ours, label, colour, "o"),
        (published, PUBLISHED, other, "D"),
    ):
        axes.plot(
            [each.place for each in reports],
            [each.loss for each in reports],
            marker,
            color=ink,
            markersize=4.5,
            label=legend_name(name),
            zorder=4,
        )
    axes.set_xscale("log")
    use_log_scale(axes, [run.raw, np.asarray([each.loss for each in published])])
    axes.xaxis.set_major_formatter(whole)
    chart.add_legend(axes)


def _draw_table(
    chart: Chart, axes: Axes, ours: list[Reported], published: list[Reported], rows: int
) -> None:
    """A row an epoch, a column a step: this run's loss, and the published one beside it."""
    axes.set_axis_off()
    steps = sorted({each.step for each in [*ours, *published]})
    axes.set_xlim(0, 1)
    axes.set_ylim(rows + 1, 0)
    first = 0.06
    share = (1 - first) / len(steps)

    theme = chart.theme
    this_run, published_ink = theme.series[:2]

    def write(x: float, y: float, text: str, ink: str, *, is_bold: bool = False) -> None:
        chart.write(axes, (x, y + 0.5), text, ink, "right", is_bold=is_bold)

    write(first, 1, "epoch", theme.muted)
    for column, step in enumerate(steps):
        right = first + share * (column + 1)
        write(right, 0, f"step {step}", theme.ink, is_bold=True)
        write(right - share * APART, 1, "this run", this_run)
        write(right, 1, "published", published_ink)
    for row in range(rows - 1):
        axes.axhline(row + 2, color=theme.rule, linewidth=0.8)
        write(first, row + 2, str(row), theme.muted)
    for reports, back, ink in ((ours, APART, this_run), (published, 0.0, published_ink)):
        for each in reports:
            right = first + share * (steps.index(each.step) + 1)
            write(right - share * back, each.epoch + 2, f"{each.loss:.3f}", ink)


def _csv(label: str, per_epoch: int, run: Losses, published: list[Reported]) -> bytes:
    """One line a step of this run, then one a published value, which has no smoothed loss.

    step, epoch: from 1. step_of_epoch: from 0, as the write-up counts; with the epoch it pairs a
    published value with a step of this run, whose epochs may be of another length.
    """
    rows: list[tuple[str | int | float, ...]] = [
        (label, i + 1, i // per_epoch + 1, i % per_epoch, float(loss), float(smoothed))
        for i, (loss, smoothed) in enumerate(zip(run.raw, run.smoothed, strict=True))
    ]
    rows += [
        (PUBLISHED, each.place, each.epoch + 1, each.step, each.loss, "") for each in published
    ]
    return csv_bytes(("model", "step", "epoch", "step_of_epoch", "loss", "smoothed"), rows)


def play_reported_loss(panel: DrawnPanel) -> Control | None:
    """The lines, with the published values as points of it, and beside those of this run."""
    lines = read_table(panel)
    control = loss_control(panel, lines, log_steps=True)
    reported = {"points": _reported_points(lines), "table": _paired_table(lines)}
    return control and {**control, **reported}


def _reported_points(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """name, steps and losses of each who reported any."""
    points: dict[str, dict[str, Any]] = {}
    for line in _reported(lines):
        of = points.setdefault(line["model"], {"name": line["model"], "steps": [], "losses": []})
        of["steps"].append(int(line["step"]))
        of["losses"].append(float(line["loss"]))
    return list(points.values())


def _paired_table(lines: Sequence[Line]) -> dict[str, Any] | None:
    """A row an epoch, a column a step of it, both from 0: this run's loss and the reported one,
    each empty where there is none. None where none was reported."""
    reported = {_place(line): line["loss"] for line in _reported(lines)}
    if not reported:
        return None
    own = {_place(line): line["loss"] for line in lines if line["smoothed"] != ""}
    steps = sorted({step for _, step in reported})
    epochs = sorted({epoch for epoch, _ in {*own, *reported}})
    return {
        "steps": steps,
        "rows": [
            [
                epoch - 1,
                [[_said(own, epoch, step), _said(reported, epoch, step)] for step in steps],
            ]
            for epoch in epochs
        ],
    }


def _reported(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line["smoothed"] == ""]


def _place(line: Line) -> tuple[int, int]:
    return int(line["epoch"]), int(line.get("step_of_epoch") or 0)


def _said(losses: Mapping[tuple[int, int], str], epoch: int, step: int) -> str:
    loss = losses.get((epoch, step))
    return "" if loss is None else f"{float(loss):.3f}"


PLOTS = [Plot("reported_loss", draw_reported_loss, play_reported_loss)]
