"""Samples of one model drawn in several ways."""

from __future__ import annotations

from typing import Literal

from flows.declaration import Declaration
from flows.declaration.fields import GridSize
from flows.declaration.models import GenerativeModel
from flows.declaration.problems import Path
from flows.declaration.studies import Study
from flows.figures.panel import Nodes, Panel, Params, Place, Spot
from flows.figures.parameters import Problems, StudyName
from flows.figures.trained_models import grid_problems, model_after
from flows.nodes.model_nodes import augmentation
from flows.nodes.requests import Requests
from flows.nodes.study_nodes import generative, way_name, way_title


class StudyPanel(Panel):
    """A panel of the ways of a study."""

    study: StudyName

    def studied(self, place: Place) -> tuple[Study, GenerativeModel]:
        study = place.declaration.studies[self.study]
        return study, generative(place.declaration, study.model)

    def ways(self, place: Place) -> dict[str, str]:
        """Role to the node of each way."""
        study, model = self.studied(place)
        return {f"way_{i}": way_name(study.model, model, way) for i, way in enumerate(study.ways)}

    def options(self, place: Place) -> Params:
        study, model = self.studied(place)
        return {
            "labels": [way_title(model, way) for way in study.ways],
            "label_classes": model.is_class_conditioned,
        }

    def head(self, place: Place) -> str:
        """How its caption begins."""
        study, model = self.studied(place)
        ways = "; ".join(way_title(model, way) for way in study.ways)
        return f"{model_after(place.declaration, model)}: {ways}. {study.samples:,} samples each"


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
