"""What stands under a picture and what is read out in its place, written from the parameters."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration import Declaration
from flows.declaration.figures import (
    Animation,
    Comparison,
    Denoised,
    GuidanceSweep,
    LossCurve,
    ModelPanel,
    Noising,
    PureNoise,
    Samples,
    SigmaCurve,
    SigmaRow,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.objectives import FlowSampler
from flows.figures.figure_nodes import shown_sigma, shown_sigmas, training_sigma
from flows.nodes.model_nodes import guidance_scale_of
from flows.nodes.recipe_words import treatment_words
from flows.nodes.requests import shown_epochs
from flows.nodes.work import evaluations_of
from tasks.figures.words import after_epochs

AnyModel = DenoisingModel | GenerativeModel


def caption(declaration: Declaration, panel: ModelPanel, seed: int) -> str:
    """One or two sentences: what is shown, of which model and data, with which settings."""
    if panel.caption is not None:
        return panel.caption
    models = declaration.models
    if isinstance(panel, Noising):
        title = declaration.datasets[panel.dataset].title
        return (
            f"Test digits of {title} under x + sigma * eps, sigma = {_list(panel.sigmas)}; "
            f"along a row the same noise, scaled. Seed {seed}."
        )
    if isinstance(panel, LossCurve):
        described = "; ".join(_recipe(declaration, models[name]) for name in panel.models)
        return f"Loss over training steps, smoothed over raw. {described}."
    if isinstance(panel, Comparison):
        described = "; ".join(
            f"{models[name].title} after epoch {models[name].kept_epochs[-1]}"
            f"{_sampler(models[name])}"
            for name in panel.models
        )
        return f"{described}. All start from the same noise, seed {seed}."
    return _of_one_model(declaration, panel, models[panel.model], seed)


def _of_one_model(declaration: Declaration, panel: ModelPanel, model: AnyModel, seed: int) -> str:
    last_only = isinstance(panel, GuidanceSweep)
    epochs = model.kept_epochs[-1:] if last_only else shown_epochs(panel, model)
    head = f"{model.title} on {declaration.datasets[model.data].title}, {after_epochs(epochs)}"
    if isinstance(panel, Denoised):
        sigma = shown_sigma(panel, model)
        return f"{head}: test digits with noise of sigma = {sigma:g}, denoised. Seed {seed}."
    if isinstance(panel, SigmaRow):
        levels = _list(shown_sigmas(panel, model))
        return f"{head}{_trained_at(model)}, on the same digit at sigma = {levels}. Seed {seed}."
    if isinstance(panel, SigmaCurve):
        return f"{head}{_trained_at(model)}: mean squared error over the whole test set."
    if isinstance(panel, PureNoise):
        return (
            f"{head}: inputs z = eps, outputs, and the mean training image, to which the best "
            f"possible output is equal. Seed {seed}."
        )
    if isinstance(panel, Samples | Animation):
        order = "; a column a class" if _is_conditioned(model) else ""
        is_compared = isinstance(panel, Samples) and len(shown_epochs(panel, model)) > 1
        start = "All start from the same noise, seed" if is_compared else "Seed"
        return f"{head}{_sampler(model)}{order}. {start} {seed}."
    assert isinstance(model, GenerativeModel) and model.measure is not None
    if isinstance(panel, GuidanceSweep):
        scales = _list(sorted(model.measure.guidance_scales))
        return (
            f"{head}: {model.measure.sweep_samples:,} samples at each guidance scale, {scales}, "
            "as the classifier reads them."
        )
    return (
        f"{head}: share of each digit among {model.measure.samples:,} samples, as the classifier "
        "reads them; dashed, an even share."
    )


def _recipe(declaration: Declaration, model: AnyModel) -> str:
    decay = "constant"
    if model.decay == "exponential":
        decay = "times 0.1^(1/epochs) after each epoch"
    epochs = f"{model.epochs} epochs"
    if model.steps_per_epoch is not None:
        epochs += f" of {model.steps_per_epoch} steps"
    return (
        f"{model.title} on {declaration.datasets[model.data].title}: D = "
        f"{model.network.hidden_width}, batch {model.batch_size}, {epochs}, "
        f"Adam at {model.learning_rate:g}, {decay}{treatment_words(model)}"
    )


def _sampler(model: AnyModel) -> str:
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


def _trained_at(model: AnyModel) -> str:
    sigma = training_sigma(model)
    return "" if sigma is None else f", trained at sigma = {sigma:g}"


def _is_conditioned(model: AnyModel) -> bool:
    return isinstance(model, GenerativeModel) and model.is_class_conditioned


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
