"""Training loss beside what was published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.figures.panel import Nodes, Place, Spot
from flows.figures.trained.model_panel import LastCheckpointPanel
from flows.figures.trained_models import AnyModel, epochs_words, optimizer_words, treatment_words
from flows.nodes.model_nodes import train_name

Loss = Annotated[float, Field(gt=0, le=1000)]
LOSS_NAMES = {"l1": "L1", "l2": "L2", "huber": "Huber"}


class ReportedLoss(LastCheckpointPanel):
    """The loss of one model at every hundredth step, beside losses that were published.

    published: a list an epoch, its values `every` steps apart from the first on.
    published_steps: of an epoch.
    """

    heading = "Training loss beside the published one"

    plot: Literal["reported_loss"]
    every: Annotated[int, Field(ge=1, le=100_000)] = 100
    published_steps: Annotated[int, Field(ge=1, le=1_000_000)]
    published: Annotated[
        list[Annotated[list[Loss], Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=1000),
    ]

    def draw(self, spot: Spot) -> Nodes:
        model = self.model_in(spot)
        params = {
            "label": f"{model.title} on {spot.declaration.datasets[model.data].title}",
            "every": self.every,
            "published": self.published,
            "published_steps": self.published_steps,
        }
        yield spot.drawing({"model_0": train_name(self.model)}, params, is_seeded=False)

    def told(self, place: Place) -> str:
        return (
            f"{self.head(place)}: {_recipe(self.model_in(place))}. Published values: every "
            f"{self.every} steps, on Fashion-MNIST with batches of 128."
        )


def _recipe(model: AnyModel) -> str:
    text = (
        f"width {model.network.hidden_width}, batch {model.batch_size}, {epochs_words(model)}, "
        f"{optimizer_words(model)}"
    )
    if model.objective.kind == "noise_prediction":
        text = f"{LOSS_NAMES[model.objective.loss]} loss, {text}"
    return text + treatment_words(model)
