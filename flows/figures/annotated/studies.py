"""What the figures of a study share: its ways of sampling one model."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration import Declaration
from flows.declaration.fields import Name
from flows.declaration.messages import Path, Problem
from flows.declaration.models import GenerativeModel
from flows.declaration.references import check_name
from flows.declaration.studies import Study
from flows.figures.panel import Panel, Place
from flows.figures.trained_models import model_after
from flows.nodes.study_nodes import generative, way_name, way_title
from tasks.store.node import JSON


class StudyPanel(Panel):
    """A panel of the ways of a study."""

    study: Name

    def problems(self, declaration: Declaration, path: Path) -> Iterator[Problem]:
        yield from check_name((*path, "study"), self.study, declaration.studies, "study")

    def studied(self, place: Place) -> tuple[Study, GenerativeModel]:
        study = place.declaration.studies[self.study]
        return study, generative(place.declaration, study.model)

    def ways(self, place: Place) -> dict[str, str]:
        """Role to the node of each way."""
        study, model = self.studied(place)
        return {f"way_{i}": way_name(study.model, model, way) for i, way in enumerate(study.ways)}

    def options(self, place: Place) -> dict[str, JSON]:
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
