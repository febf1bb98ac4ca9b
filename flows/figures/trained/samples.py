"""Samples of each checkpoint."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import EpochChoice
from flows.figures.panel import Place
from flows.figures.trained.model_panel import CheckpointSamplesPanel


class Samples(CheckpointSamplesPanel):
    """A grid of samples a checkpoint, from the same noise."""

    heading = "Samples by epoch"

    plot: Literal["samples"]
    epochs: EpochChoice | None = None

    def told(self, place: Place) -> str:
        is_compared = len(self.checkpoints(place)) > 1
        start = "All start from the same noise, seed" if is_compared else "Seed"
        return f"{self.samples_words(place)}. {start} {place.seed}."
