"""Samples enlarged by the second stage."""

from __future__ import annotations

from typing import Literal

from flows.figures.panel import Place
from flows.figures.pocket.pocket_panel import PocketPanel, sampling_words


class PocketEnlarged(PocketPanel):
    """Training picture, sample of stage I, and the same enlarged by stage II."""

    heading = "Drawn, sampled, enlarged"

    plot: Literal["pocket_enlarged"]

    def told(self, place: Place) -> str:
        return (
            "The training picture, a sample of stage I at 64 pixels, and the same enlarged by "
            f"stage II to 128, {sampling_words(place)}."
        )
