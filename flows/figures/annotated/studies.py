"""What the figures of a study share: its ways of sampling one model."""

from __future__ import annotations

from flows.declaration.models import GenerativeModel
from flows.declaration.studies import Study
from flows.figures.panel import Panel, Params, Place
from flows.figures.parameters import StudyName
from flows.figures.trained_models import model_after
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
