"""A few subjects in every style."""

from __future__ import annotations

from typing import Literal

from flows.figures.panel import Place
from flows.figures.pocket.pocket_panel import PocketPanel, sampling_words


class PocketStyles(PocketPanel):
    """A few subjects in every style."""

    heading = "Subjects in every style"

    plot: Literal["pocket_styles"]

    def told(self, place: Place) -> str:
        return f"A few subjects under every style the captions name, {sampling_words(place)}."
