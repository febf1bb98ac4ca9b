"""How samples come about."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import FrameCount, GridSize
from flows.declaration.problems import Path
from flows.figures.panel import Params, Place
from flows.figures.parameters import Problems
from flows.figures.trained.model_panel import LastCheckpointPanel, needs_generative
from flows.figures.trained.samples import grid_words
from flows.figures.trained_models import AnyModel, grid_problems, has_classes
from flows.nodes.requests import Requests


class Animation(LastCheckpointPanel):
    """How the last checkpoint's samples come about. frames: at most this many."""

    heading = "Sampling, step by step"
    node_kind = "sample"

    plot: Literal["animation"]
    rows: GridSize = 4
    columns: GridSize = 10
    frames: FrameCount = 25

    def needs(self, model: AnyModel) -> str:
        return needs_generative(model)

    def model_problems(self, path: Path, name: str, model: AnyModel) -> Problems:
        yield from grid_problems(path, self.rows, self.columns, name, model)

    def ask(self, requests: Requests, place: Place) -> None:
        for node in self.checkpoints(place).values():
            requests.want_grid(node, place.seed, self.rows, self.columns, self.frames)

    def options(self, model: AnyModel) -> Params:
        return {
            "rows": self.rows,
            "columns": self.columns,
            "label_classes": has_classes(model),
            "frames": self.frames,
        }

    def inputs(self, place: Place) -> dict[str, str]:
        (node,) = self.checkpoints(place).values()
        return {"sample": node}

    def drawing_work(self) -> float:
        return 1.0 + self.frames / 5

    def told(self, place: Place) -> str:
        return f"{self.head(place)}{grid_words(self.model_in(place))}. Seed {place.seed}."
