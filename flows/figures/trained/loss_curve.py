"""Training loss over steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration import Declaration
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ModelName
from flows.figures.trained.model_panel import ModelsPanel
from flows.figures.trained_models import AnyModel, epochs_words, optimizer_words, treatment_words
from flows.nodes.model_nodes import train_name


class LossCurve(ModelsPanel):
    """Training loss over steps, smoothed over raw, one line a model."""

    heading = "Training loss"

    plot: Literal["loss_curve"]
    models: Annotated[list[ModelName], Field(min_length=1, max_length=8)]
    scale: Literal["linear", "log"] = "log"

    def models_shown(self) -> Sequence[str]:
        return self.models

    def draw(self, spot: Spot) -> Nodes:
        models = [spot.declaration.models[name] for name in self.models]
        params = {
            "scale": self.scale,
            "labels": [model.title for model in models],
            "decay": [model.decay for model in models],
            "epochs": [model.epochs for model in models],
        }
        inputs = {f"model_{i}": train_name(name) for i, name in enumerate(self.models)}
        yield spot.drawing(inputs, params, is_seeded=False)

    def told(self, place: Place) -> str:
        models = place.declaration.models
        described = "; ".join(_recipe(place.declaration, models[name]) for name in self.models)
        return f"Loss over training steps, smoothed over raw. {described}."


def _recipe(declaration: Declaration, model: AnyModel) -> str:
    decay = "constant"
    if model.decay == "exponential":
        decay = "times 0.1^(1/epochs) after each epoch"
    return (
        f"{model.title} on {declaration.datasets[model.data].title}: D = "
        f"{model.network.hidden_width}, batch {model.batch_size}, {epochs_words(model)}, "
        f"{optimizer_words(model)}, {decay}{treatment_words(model)}"
    )
