"""The chart every curve is drawn on, and what several of them show.

Figures are built through matplotlib's objects, never pyplot: pyplot keeps global state, and panels
are drawn in several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.style import (
    CHART_DENSITY,
    CHART_WIDTH,
    DARK,
    LIGHT,
    Theme,
    chart_font,
    drawable,
    png_bytes,
    sequence_colours,
    shipped_matplotlib,
)

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

Axes: TypeAlias = "matplotlib.axes.Axes"

DPI = 100
TEXT = 9.5
NOTE = 8.5


def draw_chart(
    draw: Callable[[Chart], None],
    alt: str,
    height: int = 420,
    data_csv: bytes | None = None,
) -> Drawing:
    """`draw` onto a light and a dark ground: "image.png" and "image-dark.png".

    height: in CSS pixels; the width is that of all charts. data_csv: the numbers drawn.
    """
    with shipped_matplotlib():
        objects = {
            "image.png": _draw_on(LIGHT, draw, height),
            "image-dark.png": _draw_on(DARK, draw, height),
        }
    if data_csv is not None:
        objects["data.csv"] = data_csv
    return Drawing(objects, CHART_WIDTH, height, alt)


def _draw_on(theme: Theme, draw: Callable[[Chart], None], height: int) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(CHART_WIDTH / DPI, height / DPI),
        dpi=DPI * CHART_DENSITY,
        facecolor=theme.ground,
        layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08),
    )
    canvas = FigureCanvasAgg(figure)
    draw(Chart(figure, theme))
    for axes in figure.axes:
        _style_ticks(axes, theme)
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    return png_bytes(image.convert("RGB").quantize(128, dither=Image.Dither.NONE))


def legend_name(text: str) -> str:
    """`text` as the label of a line: matplotlib leaves those out that begin with "_", so that one
    begins with an invisible character, which is not drawn."""
    return f"\N{WORD JOINER}{text}" if text.startswith("_") else text


class Chart:
    """A chart on one ground. figure: matplotlib's. theme: the colours that go with the ground."""

    def __init__(self, figure: matplotlib.figure.Figure, theme: Theme) -> None:
        self.figure, self.theme = figure, theme

    def add_axes(self, x_label: str, y_label: str) -> Axes:
        """Over the whole figure."""
        axes = self.figure.subplots()
        self.style(axes, x_label, y_label)
        return axes

    def style(self, axes: Axes, x_label: str = "", y_label: str = "") -> None:
        """Thin rules, no box, labels in ink and ticks in grey."""
        axes.set_facecolor(self.theme.ground)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(self.theme.muted)
            axes.spines[side].set_linewidth(0.8)
        axes.grid(True, which="major", axis="y", color=self.theme.rule, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel(x_label, color=self.theme.ink, fontproperties=chart_font(TEXT))
        axes.set_ylabel(y_label, color=self.theme.ink, fontproperties=chart_font(TEXT))
        axes.tick_params(which="both", colors=self.theme.muted, length=3, width=0.8)

    def add_legend(self, axes: Axes, is_above: bool = False) -> None:
        """In the upper right corner, which falling losses leave free; or in one line over the whole
        figure, where it covers nothing."""
        handles, names = axes.get_legend_handles_labels()
        font = chart_font(NOTE)
        if is_above:
            legend = self.figure.legend(
                handles,
                names,
                loc="outside upper right",
                prop=font,
                frameon=False,
                ncols=len(names),
            )
        else:
            legend = axes.legend(
                handles, names, loc="upper right", prop=font, frameon=True, borderaxespad=0.8
            )
            legend.get_frame().set(facecolor=self.theme.ground, edgecolor="none", alpha=0.85)
        for text, name in zip(legend.get_texts(), names, strict=True):
            text.set(color=self.theme.ink, text=drawable(name), parse_math=False)

    def note(
        self,
        axes: Axes,
        text: str,
        at: tuple[float, float],
        offset: tuple[float, float],
        colour: str,
        *,
        is_bold: bool = False,
        has_halo: bool = False,
        **options: Any,
    ) -> None:
        """Words at a point of the data, `offset` points away from it; above its middle by default.

        has_halo: a rim of the ground keeps them readable over lines. options: of Axes.annotate.
        """
        from matplotlib.patheffects import withStroke

        if has_halo:
            options["path_effects"] = [withStroke(linewidth=3, foreground=self.theme.ground)]
        placing = {"textcoords": "offset points", "ha": "center", "va": "bottom", **options}
        style: dict[str, Any] = {
            "color": colour,
            "fontproperties": chart_font(NOTE, is_bold=is_bold),
        }
        axes.annotate(drawable(text), at, xytext=offset, parse_math=False, **style, **placing)

    def write(
        self,
        axes: Axes,
        at: tuple[float, float],
        text: str,
        colour: str,
        side: str,
        *,
        is_bold: bool = False,
    ) -> None:
        """Words of a table that end, or begin, at a point of `axes`."""
        font = chart_font(NOTE, is_bold=is_bold)
        style: dict[str, Any] = {"color": colour, "fontproperties": font, "parse_math": False}
        axes.text(*at, drawable(text), ha=side, va="center", **style)

    def add_bars(self, axes: Axes, groups: Mapping[str, Sequence[float]]) -> None:
        """At each whole number a bar of every group, the last one the strongest."""
        width = 0.8 / len(groups)
        colours = sequence_colours(self.theme, len(groups))
        for index, ((name, values), colour) in enumerate(zip(groups.items(), colours, strict=True)):
            places = np.arange(len(values)) + (index - (len(groups) - 1) / 2) * width
            axes.bar(places, values, width * 0.92, color=colour, label=name)

    def add_floor(self, axes: Axes, floor: float) -> None:
        """A dashed line at the Frechet distance of real images from real ones, named over the axes,
        where no curve goes."""
        axes.axhline(floor, color=self.theme.muted, linewidth=1, linestyle=(0, (4, 3)))
        text = f"dashed: real against real, {floor:.3g}"
        muted = self.theme.muted
        self.note(axes, text, (1, 1), (0, 3), muted, xycoords="axes fraction", ha="right")


def _style_ticks(axes: Axes, theme: Theme) -> None:
    """The typeface of tick labels, once scales and ticks are set."""
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_fontproperties(chart_font(NOTE))
        label.set_color(theme.muted)


def plain(value: float, _: object = None) -> str:
    """0.05 as "0.05". The second argument, of all four, is that of a matplotlib formatter."""
    return f"{value:g}"


def whole(value: float, _: object = None) -> str:
    """12000 as "12,000"."""
    return f"{value:,.0f}"


def percent(value: float, _: object = None) -> str:
    """0.984 as "98.4 %"."""
    return f"{value * 100:.3g} %"


def short(value: float, _: object = None) -> str:
    """Three digits."""
    return f"{value:.3g}"


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[float | int | str]]) -> bytes:
    """A table as UTF-8 CSV with six digits a number."""
    lines = [",".join(header)]
    lines += [
        ",".join(f"{cell:.6g}" if isinstance(cell, float) else _quote(str(cell)) for cell in row)
        for row in rows
    ]
    return ("\n".join(lines) + "\n").encode()


def _quote(text: str) -> str:
    # A leading = + - or @ would run as a formula in a spreadsheet.
    text = f"'{text}" if text[:1] in ("=", "+", "@") else text
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text
