"""Samples of one model drawn in several ways."""

from __future__ import annotations

from typing import Literal

from flows.declaration import Declaration
from flows.declaration.fields import GridSize
from flows.declaration.messages import Path
from flows.figures.annotated.studies import StudyPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import Problems
from flows.figures.trained_models import grid_problems
from flows.nodes.model_nodes import augmentation
from flows.nodes.requests import Requests


class Ways(StudyPanel):
    """The ways of a study side by side, from the same noise."""

    heading = "Sampled in other ways"

    plot: Literal["ways"]
    rows: GridSize = 2
    columns: GridSize = 12

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        if self.study in declaration.studies:
            name = declaration.studies[self.study].model
            model = declaration.models.get(name)
            yield from grid_problems(path, self.rows, self.columns, name, model)

    def ask(self, requests: Requests, place: Place) -> None:
        for node in self.ways(place).values():
            requests.want_grid(node, place.seed, self.rows, self.columns)

    def draw(self, spot: Spot) -> Nodes:
        grid = {"seed": spot.seed, "rows": self.rows, "columns": self.columns}
        yield spot.drawing(self.ways(spot), {**self.options(spot), **grid})

    def told(self, place: Place) -> str:
        study, model = self.studied(place)
        text = f"{self.head(place)} are measured. All start from the same noise, seed {place.seed}"
        if any(way.start == "matched" for way in study.ways):
            seen = ", augmented as in training," if augmentation(model) else ""
            text += (
                f"; matched: that noise given the mean and covariance which training images{seen} "
                "have when noised to the last timestep"
            )
        return f"{text}."
