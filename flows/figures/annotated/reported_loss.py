"""Training loss beside what was published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import ModelName
from flows.figures.trained_models import AnyModel, epochs_words, model_after, treatment_words
from flows.nodes.model_nodes import train_name

Loss = Annotated[float, Field(gt=0, le=1000)]
LOSS_NAMES = {"l1": "L1", "l2": "L2", "huber": "Huber"}


class ReportedLoss(Panel):
    """The loss of one model at every hundredth step, beside losses that were published.

    published: a list an epoch, its values `every` steps apart from the first on.
    published_steps: of an epoch.
    """

    heading = "Training loss beside the published one"

    plot: Literal["reported_loss"]
    model: ModelName
    every: Annotated[int, Field(ge=1, le=100_000)] = 100
    published_steps: Annotated[int, Field(ge=1, le=1_000_000)]
    published: Annotated[
        list[Annotated[list[Loss], Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=1000),
    ]

    def models_shown(self) -> Sequence[str]:
        return [self.model]

    def draw(self, spot: Spot) -> Nodes:
        model = spot.declaration.models[self.model]
        params = {
            "label": f"{model.title} on {spot.declaration.datasets[model.data].title}",
            "every": self.every,
            "published": self.published,
            "published_steps": self.published_steps,
        }
        yield spot.drawing({"model_0": train_name(self.model)}, params, is_seeded=False)

    def told(self, place: Place) -> str:
        model = place.declaration.models[self.model]
        return (
            f"{model_after(place.declaration, model)}: {_recipe(model)}. Published values: every "
            f"{self.every} steps, on Fashion-MNIST with batches of 128."
        )


def _recipe(model: AnyModel) -> str:
    text = (
        f"width {model.network.hidden_width}, batch {model.batch_size}, {epochs_words(model)}, "
        f"Adam at {model.learning_rate:g}"
    )
    if model.objective.kind == "noise_prediction":
        text = f"{LOSS_NAMES[model.objective.loss]} loss, {text}"
    return text + treatment_words(model)
