"""Models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ModelName
from flows.figures.trained.model_panel import SamplesPanel
from flows.figures.trained_models import AnyModel, has_classes, sampler_words
from flows.nodes.model_nodes import checkpoint_name


class Comparison(SamplesPanel):
    """The last checkpoints of several models from the same noise, side by side."""

    heading = "Side by side, from the same noise"

    plot: Literal["comparison"]
    models: Annotated[list[ModelName], Field(min_length=2, max_length=4)]

    def models_shown(self) -> Sequence[str]:
        return self.models

    def samples(self, place: Place) -> list[str]:
        """Of the last checkpoint of each model."""
        return [
            checkpoint_name("sample", name, model.kept_epochs[-1])
            for name, model in zip(self.models, self._models(place), strict=True)
        ]

    def draw(self, spot: Spot) -> Nodes:
        models = self._models(spot)
        params = {
            "labels": [model.title for model in models],
            "epochs": [model.kept_epochs[-1] for model in models],
            "seed": spot.seed,
            "rows": self.rows,
            "columns": self.columns,
            "label_classes": all(has_classes(model) for model in models),
        }
        yield spot.drawing({f"model_{i}": n for i, n in enumerate(self.samples(spot))}, params)

    def told(self, place: Place) -> str:
        described = "; ".join(
            f"{model.title} after epoch {model.kept_epochs[-1]}{sampler_words(model)}"
            for model in self._models(place)
        )
        return f"{described}. All start from the same noise, seed {place.seed}."

    def _models(self, place: Place) -> list[AnyModel]:
        return [place.declaration.models[name] for name in self.models]
