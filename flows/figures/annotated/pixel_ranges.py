"""Samples in two ranges of grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.declaration import Declaration
from flows.declaration.fields import GridSize
from flows.declaration.problems import Path, Problem
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import ModelName, Problems
from flows.figures.trained_models import grid_problems, model_after
from flows.nodes.model_nodes import checkpoint_name
from flows.nodes.requests import Requests


class PixelRanges(Panel):
    """Samples rescaled by their own minimum and maximum, and in the range of the data."""

    heading = "Two ranges of grey"

    plot: Literal["pixel_ranges"]
    model: ModelName
    rows: GridSize = 4
    columns: GridSize = 16

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        model = declaration.models.get(self.model)
        if model is None:
            return
        if model.objective.kind != "noise_prediction":
            text = f'is "{self.model}"; pixel_ranges needs a model of noise_prediction'
            yield Problem((*path, "model"), text)
        yield from grid_problems(path, self.rows, self.columns, self.model, model)

    def models_shown(self) -> Sequence[str]:
        return [self.model]

    def ask(self, requests: Requests, place: Place) -> None:
        requests.want_grid(self._samples(place), place.seed, self.rows, self.columns)

    def draw(self, spot: Spot) -> Nodes:
        params = {"seed": spot.seed, "rows": self.rows, "columns": self.columns}
        yield spot.drawing({"sample": self._samples(spot)}, params)

    def told(self, place: Place) -> str:
        return (
            f"{model_after(place.declaration, place.declaration.models[self.model])}: "
            f"{self.rows * self.columns} samples, rescaled by the smallest and the largest value "
            "among them all, as the write-up does, and with -1 as black and 1 as white, cut "
            f"beyond. Seed {place.seed}."
        )

    def _samples(self, place: Place) -> str:
        epoch = place.declaration.models[self.model].kept_epochs[-1]
        return checkpoint_name("sample", self.model, epoch)
