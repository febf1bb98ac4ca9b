"""Samples of each checkpoint."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import EpochChoice, GridSize
from flows.declaration.problems import Path
from flows.figures.panel import Params, Place
from flows.figures.parameters import Problems
from flows.figures.trained.model_panel import ModelPanel, needs_generative
from flows.figures.trained_models import AnyModel, grid_problems, has_classes, sampler_words
from flows.nodes.requests import Requests


class Samples(ModelPanel):
    """A grid of samples a checkpoint, from the same noise. Class-conditioned: a column a class."""

    heading = "Samples by epoch"
    node_kind = "sample"

    plot: Literal["samples"]
    epochs: EpochChoice | None = None
    rows: GridSize = 4
    columns: GridSize = 10

    def needs(self, model: AnyModel) -> str:
        return needs_generative(model)

    def model_problems(self, path: Path, name: str, model: AnyModel) -> Problems:
        yield from super().model_problems(path, name, model)
        yield from grid_problems(path, self.rows, self.columns, name, model)

    def ask(self, requests: Requests, place: Place) -> None:
        for node in self.checkpoints(place).values():
            requests.want_grid(node, place.seed, self.rows, self.columns)

    def options(self, model: AnyModel) -> Params:
        return {"rows": self.rows, "columns": self.columns, "label_classes": has_classes(model)}

    def told(self, place: Place) -> str:
        is_compared = len(self.checkpoints(place)) > 1
        start = "All start from the same noise, seed" if is_compared else "Seed"
        return f"{self.head(place)}{grid_words(self.model_in(place))}. {start} {place.seed}."


def grid_words(model: AnyModel) -> str:
    """How samples of a model are made and laid out, to follow its title."""
    return f"{sampler_words(model)}{'; a column a class' if has_classes(model) else ''}"
