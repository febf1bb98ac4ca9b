"""What the figures of models that are trained here share: words of captions, grids of samples."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration import Declaration
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.objectives import FlowSampler
from flows.declaration.problems import Path, Problem
from flows.figures.parameters import Problems
from flows.nodes.model_nodes import guidance_scale_of
from flows.nodes.work import evaluations_of
from tasks.figures.words import after_epochs

AnyModel = DenoisingModel | GenerativeModel
MAX_GRID_IMAGES = 400


def model_after(declaration: Declaration, model: AnyModel, epochs: Sequence[int] = ()) -> str:
    """Such as "Time on MNIST, after epoch 5". epochs: the last by default."""
    after = after_epochs(epochs or model.kept_epochs[-1:])
    return f"{model.title} on {declaration.datasets[model.data].title}, {after}"


def epochs_words(model: AnyModel) -> str:
    """How long it is trained, such as "5 epochs of 100 steps"."""
    text = f"{model.epochs} epochs"
    return text if model.steps_per_epoch is None else f"{text} of {model.steps_per_epoch} steps"


def optimizer_words(model: AnyModel) -> str:
    """Such as "Adam at 0.001"."""
    return f"{model.optimizer.capitalize()} at {model.learning_rate:g}"


def treatment_words(model: AnyModel) -> str:
    """What is done to its images and weights, to follow a list; empty if nothing."""
    text = ""
    if model.horizontal_flip:
        text += ", images mirrored at random"
    if model.max_shift:
        text += f", images shifted by up to {model.max_shift} px"
    if model.ema_decay is not None:
        text += f"; weights averaged at {model.ema_decay:g}"
    return text


def sampler_words(model: AnyModel) -> str:
    """How it is sampled, to follow a title; empty for a model that is not."""
    if not isinstance(model, GenerativeModel):
        return ""
    sampler = model.sampler
    if isinstance(sampler, FlowSampler):
        text = f", {sampler.steps} {sampler.method.capitalize()} steps"
    else:
        name = "DDIM" if sampler.method == "ddim" else "ancestral"
        text = f", {evaluations_of(model, sampler)} {name} steps"
    scale = guidance_scale_of(model)
    return text if scale is None else f"{text}, guidance {scale:g}"


def listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def has_classes(model: AnyModel) -> bool:
    return isinstance(model, GenerativeModel) and model.is_class_conditioned


def grid_problems(
    path: Path,
    rows: int,
    columns: int,
    name: str,
    model: AnyModel | None,
) -> Problems:
    """Of a grid of samples of a model, None where it is not declared, in the panel at `path`."""
    if isinstance(model, GenerativeModel) and model.is_class_conditioned:
        classes = model.network.num_classes
        if columns != classes:
            text = f"is {columns}; expected {classes}, a column for each class of {name}"
            yield Problem((*path, "columns"), text)
    if rows * columns > MAX_GRID_IMAGES:
        text = (
            f"is {rows} with {columns} columns; expected at most {MAX_GRID_IMAGES} images in a grid"
        )
        yield Problem((*path, "rows"), text)
