"""Noise schedules: beta, alpha-bar, posterior variance, and the signal left in x_t."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.figures.drawing.chart import Axes, Chart, csv_bytes, draw_chart, legend_name
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.pixels import Floats
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step

LOWEST_DB = -30.0
"""The chart ends here; a schedule that goes on below is named with where it ends."""

LABEL_ROOM = 1.3
"""Width of the chart over that of its curves, the rest for names at their ends."""

_COLUMNS = ("t", "beta", "alpha_bar", "posterior_variance", "signal_to_noise")


@dataclass(frozen=True)
class Tabulated:
    """One schedule, t = 1..T; every column [T] float64."""

    name: str
    t: Floats
    beta: Floats
    alpha_bar: Floats
    posterior_variance: Floats
    signal_to_noise: Floats

    @property
    def decibels(self) -> Floats:
        return 10 * np.log10(self.signal_to_noise)

    @property
    def label(self) -> str:
        return f"{self.name}, T = {len(self.t)}"


def read_schedules(step: Step) -> list[Tabulated]:
    """The schedules of the input "schedule", in their order."""
    table = step.read_table("schedule", "schedules.parquet").to_pydict()
    place = np.asarray(table["schedule"])
    names = np.asarray(table["name"])
    columns = {name: np.asarray(table[name], dtype=np.float64) for name in _COLUMNS}
    return [
        Tabulated(
            str(names[place == each][0]), *(column[place == each] for column in columns.values())
        )
        for each in np.unique(place)
    ]


def draw_schedules(step: Step) -> Drawing:
    """Three charts side by side over t, one line a schedule."""
    schedules = read_schedules(step)
    names = {
        "beta": r"$\beta_t$",
        "alpha_bar": r"$\bar\alpha_t$",
        "posterior_variance": r"posterior variance $\tilde\beta_t$",
    }

    def draw(chart: Chart) -> None:
        all_axes = chart.figure.subplots(1, 3)
        for axes, (column, name) in zip(all_axes, names.items(), strict=True):
            chart.style(axes, "t", name)
            axes.yaxis.label.set_math_fontfamily("dejavusans")
            for schedule, colour in zip(schedules, chart.theme.series, strict=False):
                line = getattr(schedule, column)
                label = legend_name(schedule.label)
                axes.plot(schedule.t, line, color=colour, linewidth=1.8, label=label)
            axes.set_ylim(bottom=0)
            if column != "alpha_bar":
                # The last betas of the cosine schedule rise to 1 and would flatten the others.
                axes.set_ylim(top=_useful_top([getattr(each, column) for each in schedules]))
        chart.add_legend(all_axes[0], is_above=True)

    ends = [f"{each.label} at {each.alpha_bar[-1]:.4g}" for each in schedules]
    alt = (
        "Beta, alpha-bar and posterior variance over the timesteps; alpha-bar ends for "
        f"{join_words(ends)}."
    )
    return draw_chart(draw, alt, height=330, data_csv=_csv(schedules))


def _useful_top(lines: list[Floats]) -> float:
    """A quarter above the second-largest maximum, or all there is if the maxima are alike."""
    maxima = sorted(float(line.max()) for line in lines)
    largest = maxima[-1]
    second = maxima[-2] if len(maxima) > 1 else largest
    return 1.05 * largest if largest < 3 * second else 2.5 * second


def draw_signal_to_noise(step: Step) -> Drawing:
    """SNR in dB over t, the value at T written at the end of each line."""
    schedules = read_schedules(step)

    def draw(chart: Chart) -> None:
        axes = chart.add_axes("t", "signal-to-noise ratio (dB)")
        longest = max(len(each.t) for each in schedules)
        for schedule, colour in zip(schedules, chart.theme.series, strict=False):
            axes.plot(schedule.t, schedule.decibels, color=colour, linewidth=1.8)
        axes.plot([0, longest], [0, 0], color=chart.theme.muted, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(0, longest * LABEL_ROOM)
        axes.set_xticks(range(0, longest + 1, max(1, longest // 6)))
        axes.set_ylim(LOWEST_DB, 42)
        _name_ends(chart, axes, schedules)

    ends = [f"{each.label} {_decibels(each)}" for each in schedules]
    alt = f"Signal-to-noise ratio over the timesteps; at T: {join_words(ends)}."
    return draw_chart(draw, alt, height=380, data_csv=_csv(schedules))


def _name_ends(chart: Chart, axes: Axes, schedules: list[Tabulated]) -> None:
    """Each line's name and last value beside its end; close ones are kept apart."""
    apart, taken = 4.2, LOWEST_DB - 4.2
    left = axes.get_xlim()[1] / LABEL_ROOM * 1.02
    order = sorted(range(len(schedules)), key=lambda i: schedules[i].decibels[-1])
    for index in order:
        schedule = schedules[index]
        inside = schedule.decibels >= LOWEST_DB
        x, y = float(schedule.t[inside][-1]), float(schedule.decibels[inside][-1])
        shown = max(y, taken + apart, LOWEST_DB + 2)
        taken = shown
        chart.note(
            axes,
            f"{schedule.label}: {_decibels(schedule)}",
            (x, y),
            (left, shown),
            chart.theme.series[index % len(chart.theme.series)],
            is_bold=True,
            has_halo=True,
            textcoords="data",
            ha="left",
            va="center",
            arrowprops={"arrowstyle": "-", "color": chart.theme.rule, "linewidth": 0.8},
        )


def _decibels(schedule: Tabulated) -> str:
    return f"{schedule.decibels[-1]:.1f} dB".replace("-", "\N{MINUS SIGN}")


def _csv(schedules: list[Tabulated]) -> bytes:
    rows: list[tuple[str | float, ...]] = [
        (each.name, *(float(getattr(each, column)[i]) for column in _COLUMNS))
        for each in schedules
        for i in range(len(each.t))
    ]
    return csv_bytes(("schedule", *_COLUMNS), rows)


PLOTS = [Plot("schedules", draw_schedules), Plot("signal_to_noise", draw_signal_to_noise)]
