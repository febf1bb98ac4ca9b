"""How samples come about."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import FrameCount
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import CheckpointSamplesPanel, LastCheckpointPanel
from flows.figures.trained_models import AnyModel


class Animation(CheckpointSamplesPanel, LastCheckpointPanel):
    """How the last checkpoint's samples come about. frames: at most this many."""

    heading = "Sampling, step by step"

    plot: Literal["animation"]
    frames: FrameCount = 25

    def options(self, model: AnyModel) -> Params:
        return {**super().options(model), "frames": self.frames}

    def inputs(self, place: Place) -> dict[str, str]:
        (node,) = self.samples(place)
        return {"sample": node}

    def drawing_work(self) -> float:
        return 1.0 + self.frames / 5

    def told(self, place: Place) -> str:
        return f"{self.samples_words(place)}. Seed {place.seed}."
