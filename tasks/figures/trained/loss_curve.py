"""Training loss of one or more models: every step, and a smoothed line over it."""

from __future__ import annotations

import numpy as np

from tasks import StepFailed
from tasks.figures.drawing.chart import (
    NOTE,
    Axes,
    Chart,
    csv_bytes,
    draw_chart,
    smooth,
    smoothing_window,
    use_log_scale,
    whole,
)
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import labels, numbered_roles
from tasks.figures.drawing.pixels import Floats
from tasks.figures.drawing.style import chart_font
from tasks.figures.playing.losses import loss_control, read_losses
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_loss_curve(step: Step) -> Drawing:
    """params: labels (titles of the models), scale ("log" or "linear")."""
    roles = numbered_roles(step, "model")
    titles = labels(step, len(roles))
    tables = [step.read_table(role, "loss.parquet") for role in roles]
    losses = [np.asarray(table["loss"], dtype=np.float64) for table in tables]
    epochs = [np.asarray(table["epoch"], dtype=np.int64) for table in tables]
    for role, loss in zip(roles, losses, strict=True):
        if not len(loss):
            raise StepFailed(f"{step.name}: {step.inputs[role].name} recorded no loss")
    smoothed = [smooth(loss, smoothing_window(len(loss))) for loss in losses]
    is_log = step.params.get("scale", "log") == "log"

    def draw(chart: Chart) -> None:
        from matplotlib.ticker import MaxNLocator

        axes = chart.add_axes("step", "training loss" + (" (log scale)" if is_log else ""))
        for index, title in enumerate(titles):
            _draw_run(chart, axes, index, title, losses[index], smoothed[index])
        if is_log:
            use_log_scale(axes, [loss[loss > 0] for loss in losses])
        else:
            axes.set_ylim(bottom=0)
        longest = max(len(loss) for loss in losses)
        # Room to the right for the values at the ends of the lines.
        axes.set_xlim(1, longest * 1.12)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.xaxis.set_major_formatter(whole)
        _label_ends(chart, axes, losses, smoothed, is_log)
        _add_epoch_axis(chart, axes, epochs)
        chart.add_legend(axes)

    ends = [f"{line[-1]:.3g}" for line in smoothed]
    alt = (
        f"Training loss over {max(map(len, losses)):,} steps on a "
        f"{'logarithmic' if is_log else 'linear'} scale: {join_words(titles)}, "
        f"ending near {join_words(ends)}."
    )
    return draw_chart(draw, alt, data_csv=_csv(titles, losses, epochs, smoothed))


def _draw_run(
    chart: Chart, axes: Axes, index: int, title: str, loss: Floats, smoothed: Floats
) -> None:
    colour = chart.theme.series[index % len(chart.theme.series)]
    steps = np.arange(1, len(loss) + 1)
    axes.plot(steps, loss, color=colour, linewidth=0.5, alpha=0.35, zorder=2)
    window = smoothing_window(len(loss))
    name = f"{title}, mean of {window} steps"
    axes.plot(steps, smoothed, color=colour, linewidth=1.8, label=name, zorder=3)


def _label_ends(
    chart: Chart, axes: Axes, losses: list[Floats], smoothed: list[Floats], is_log: bool
) -> None:
    """The last smoothed value beside the end of each line, two close ones kept apart."""
    low, high = axes.get_ylim()
    place = np.log10 if is_log else np.asarray
    span = float(place(high) - place(low))
    taken: list[tuple[float, float]] = []
    for index in np.argsort([line[-1] for line in smoothed]):
        value = float(smoothed[index][-1])
        height = float(place(max(value, 1e-12)) - place(low)) / span
        length = len(losses[index]) / axes.get_xlim()[1]
        near = [h for x, h in taken if abs(x - length) < 0.12]
        shown = max([height, 0.03, *(h + 0.05 for h in near)])
        taken.append((length, shown))
        chart.note(
            axes,
            f"{value:.3g}",
            (len(losses[index]), value),
            (5, (shown - height) * 260),
            chart.theme.series[index % len(chart.theme.series)],
            is_bold=True,
            has_halo=True,
            ha="left",
            va="center",
        )


def _add_epoch_axis(chart: Chart, axes: Axes, epochs: list[np.ndarray]) -> None:
    """Epochs along the top, if all runs have equally long ones."""
    lengths = {int(np.ceil(len(run) / len(np.unique(run)))) for run in epochs}
    if len(lengths) != 1:
        return
    per_epoch = lengths.pop()
    count = max(len(np.unique(run)) for run in epochs)
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, count) if count / n <= 11)
    top = axes.secondary_xaxis(
        "top",
        functions=(
            lambda steps: np.asarray(steps) / per_epoch,
            lambda epoch: np.asarray(epoch) * per_epoch,
        ),
    )
    top.set_ticks([*range(0, count + 1, every)])
    top.set_xlabel("epoch", color=chart.theme.ink, fontproperties=chart_font(NOTE))
    top.tick_params(colors=chart.theme.muted, length=3, width=0.8)
    top.spines["top"].set_color(chart.theme.rule)
    for label in top.get_xticklabels():
        label.set_fontproperties(chart_font(NOTE))


def _csv(
    titles: list[str], losses: list[Floats], epochs: list[np.ndarray], smoothed: list[Floats]
) -> bytes:
    """One line a step; a column names the model where there are several."""
    rows: list[tuple[str | int | float, ...]] = []
    for title, loss, epoch, line in zip(titles, losses, epochs, smoothed, strict=True):
        named = (title,) if len(titles) > 1 else ()
        rows += [
            (*named, index + 1, int(epoch[index]), float(loss[index]), float(line[index]))
            for index in range(len(loss))
        ]
    header = ("step", "epoch", "loss", "smoothed")
    return csv_bytes(("model", *header) if len(titles) > 1 else header, rows)


def play_loss_curve(panel: DrawnPanel) -> Control | None:
    """The page draws the lines itself, for readers to go along."""
    return loss_control(panel, read_losses(panel))


PLOTS = [Plot("loss_curve", draw_loss_curve, play_loss_curve)]
