"""What charts of measured samples share: how numbers are written, and the line of the floor."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes

from tasks.figures.curves import NOTE
from tasks.figures.style import Theme, chart_font


def percent(value: float, _: object = None) -> str:
    """0.984 as "98.4 %". The second argument is that of a matplotlib formatter."""
    return f"{value * 100:.3g} %"


def short(value: float, _: object = None) -> str:
    """Three digits. The second argument is that of a matplotlib formatter."""
    return f"{value:.3g}"


def draw_floor(axes: Axes, theme: Theme, floor: float, side: Literal["left", "right"]) -> None:
    """A dashed line at the Frechet distance of real images from real ones, named at that side."""
    axes.axhline(floor, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)))
    at_left = side == "left"
    axes.annotate(
        f"real against real, {floor:.3g}",
        (0 if at_left else 1, floor),
        xycoords=("axes fraction", "data"),
        xytext=(4 if at_left else 0, 3),
        textcoords="offset points",
        ha=side,
        va="bottom",
        color=theme.muted,
        fontproperties=chart_font(NOTE),
    )
