"""Training loss of one or more models: every step, and a smoothed line over it."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.chart import NOTE, Axes, Chart, csv_bytes, draw_chart, whole
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import labels, numbered_roles
from tasks.figures.drawing.losses import Losses, read_losses, use_log_scale
from tasks.figures.drawing.style import chart_font
from tasks.figures.playing.losses import loss_control, read_table
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


def draw_loss_curve(step: Step) -> Drawing:
    """params: labels (titles of the models), scale ("log" or "linear")."""
    roles = numbered_roles(step, "model")
    titles = labels(step, len(roles))
    runs = [read_losses(step, role) for role in roles]
    longest = max(len(run.raw) for run in runs)
    is_log = step.params.get("scale", "log") == "log"

    def draw(chart: Chart) -> None:
        from matplotlib.ticker import MaxNLocator

        axes = chart.add_axes("step", "training loss" + (" (log scale)" if is_log else ""))
        colours = _colours(chart, len(runs))
        for title, run, colour in zip(titles, runs, colours, strict=True):
            run.add_to(axes, colour, f"{title}, mean of {run.window} steps")
        if is_log:
            use_log_scale(axes, [run.raw[run.raw > 0] for run in runs])
        else:
            axes.set_ylim(bottom=0)
        # Room to the right for the values at the ends of the lines.
        axes.set_xlim(1, longest * 1.12)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.xaxis.set_major_formatter(whole)
        _label_ends(chart, axes, runs, is_log)
        _add_epoch_axis(chart, axes, runs)
        chart.add_legend(axes)

    ends = [f"{run.smoothed[-1]:.3g}" for run in runs]
    alt = (
        f"Training loss over {longest:,} steps on a {'logarithmic' if is_log else 'linear'} scale: "
        f"{join_words(titles)}, ending near {join_words(ends)}."
    )
    return draw_chart(draw, alt, data_csv=_csv(titles, runs))


def _colours(chart: Chart, count: int) -> list[str]:
    series = chart.theme.series
    return [series[index % len(series)] for index in range(count)]


def _label_ends(chart: Chart, axes: Axes, runs: list[Losses], is_log: bool) -> None:
    """The last smoothed value beside the end of each line, two close ones kept apart."""
    low, high = axes.get_ylim()
    place = np.log10 if is_log else np.asarray
    span = float(place(high) - place(low))
    taken: list[tuple[float, float]] = []
    colours = _colours(chart, len(runs))
    for index in np.argsort([run.smoothed[-1] for run in runs]):
        last, value = len(runs[index].raw), float(runs[index].smoothed[-1])
        height = float(place(max(value, 1e-12)) - place(low)) / span
        length = last / axes.get_xlim()[1]
        near = [h for x, h in taken if abs(x - length) < 0.12]
        shown = max([height, 0.03, *(h + 0.05 for h in near)])
        taken.append((length, shown))
        chart.note(
            axes,
            f"{value:.3g}",
            (last, value),
            (5, (shown - height) * 260),
            colours[index],
            is_bold=True,
            has_halo=True,
            ha="left",
            va="center",
        )


def _add_epoch_axis(chart: Chart, axes: Axes, runs: list[Losses]) -> None:
    """Epochs along the top, if all runs have equally long ones."""
    counts = [len(np.unique(run.epoch)) for run in runs]
    lengths = {int(np.ceil(len(run.epoch) / n)) for run, n in zip(runs, counts, strict=True)}
    if len(lengths) != 1:
        return
    per_epoch, count = lengths.pop(), max(counts)
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


def _csv(titles: list[str], runs: list[Losses]) -> bytes:
    """One line a step; a column names the model where there are several."""
    has_several = len(titles) > 1
    rows: list[tuple[str | int | float, ...]] = [
        (*([title] if has_several else []), index + 1, int(epoch), float(loss), float(smoothed))
        for title, run in zip(titles, runs, strict=True)
        for index, (epoch, loss, smoothed) in enumerate(
            zip(run.epoch, run.raw, run.smoothed, strict=True)
        )
    ]
    header = ("step", "epoch", "loss", "smoothed")
    return csv_bytes(("model", *header) if has_several else header, rows)


def play_loss_curve(panel: DrawnPanel) -> Control | None:
    """The page draws the lines itself, for readers to go along."""
    return loss_control(panel, read_table(panel))


PLOTS = [Plot("loss_curve", draw_loss_curve, play_loss_curve)]
