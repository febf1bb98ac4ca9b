"""Samples in two ranges of grey."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import GridSize
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.trained.model_panel import CheckpointSamplesPanel, LastCheckpointPanel
from flows.figures.trained_models import AnyModel


class PixelRanges(CheckpointSamplesPanel, LastCheckpointPanel):
    """Samples rescaled by their own minimum and maximum, and in the range of the data."""

    heading = "Two ranges of grey"

    plot: Literal["pixel_ranges"]
    columns: GridSize = 16

    def needs(self, model: AnyModel) -> str:
        is_fit = model.objective.kind == "noise_prediction"
        return "" if is_fit else "a model of noise_prediction"

    def draw(self, spot: Spot) -> Nodes:
        (samples,) = self.samples(spot)
        params = {"seed": spot.seed, "rows": self.rows, "columns": self.columns}
        yield spot.drawing({"sample": samples}, params)

    def told(self, place: Place) -> str:
        return (
            f"{self.head(place)}: {self.rows * self.columns} samples, rescaled by the smallest and "
            "the largest value among them all, and with -1 as black and 1 as "
            f"white, cut beyond. Seed {place.seed}."
        )
