"""What stands under the pictures of the annotated-diffusion write-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flows.declaration import Declaration
from flows.declaration.annotated_panels import (
    AnnotatedPanel,
    EvaluationCost,
    ForwardStrip,
    GuidanceCurve,
    GuidanceGrid,
    GuideAccuracy,
    NetworkSummary,
    PixelRanges,
    ReportedLoss,
    SchedulesPanel,
    SignalToNoise,
    Ways,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.objectives import NoiseSchedule
from flows.declaration.studies import Guide, Way
from flows.nodes.model_nodes import augmentation
from flows.nodes.recipe_words import treatment_words
from flows.nodes.study_nodes import shown_scales, way_title
from tasks.figures.words import join_words

LOSS_NAMES = {"l1": "L1", "l2": "L2", "huber": "Huber"}


def annotated_caption(declaration: Declaration, panel: AnnotatedPanel, seed: int) -> str:
    """One or two sentences: what is shown, of which model and data, with which settings."""
    return panel.caption or _CAPTIONS[type(panel)](declaration, panel, seed)


def _schedules(_: Declaration, panel: SchedulesPanel, __: int) -> str:
    return (
        f"beta_t, alpha-bar_t and the posterior variance beta_t (1 - alpha-bar_t-1) / "
        f"(1 - alpha-bar_t): {_listed(panel.schedules)}."
    )


def _signal_to_noise(_: Declaration, panel: SignalToNoise, __: int) -> str:
    return (
        "alpha-bar_t / (1 - alpha-bar_t) in dB; the value at T is what sampling from N(0, I) "
        f"takes for nothing: {_listed(panel.schedules)}."
    )


def _forward_strip(declaration: Declaration, panel: ForwardStrip, seed: int) -> str:
    image = declaration.images[panel.image]
    times = join_words([str(index) for index in panel.indices])
    return (
        f"{image.title}, {panel.size} pixels, scaled to [-1, 1]: sqrt(alpha-bar_t) x_0 + "
        f"sqrt(1 - alpha-bar_t) eps at t = {times}, counted from 0 as in the write-up"
        f"{'; one eps for all' if len(panel.indices) > 1 else ''}. "
        f"Schedule: {_described(panel.schedule)}. Seed {seed}."
    )


def _network_summary(_: Declaration, panel: NetworkSummary, __: int) -> str:
    sizes = join_words(
        [f"{n.channels} channel{'s' * (n.channels > 1)} at {n.size} pixels" for n in panel.networks]
    )
    return f"Shapes of a batch of one and parameters, measured by running it: {sizes}."


def _reported_loss(declaration: Declaration, panel: ReportedLoss, _: int) -> str:
    model = declaration.models[panel.model]
    return (
        f"{_of(declaration, model)}: {_recipe(model)}. Published values: every "
        f"{panel.every} steps, on Fashion-MNIST with batches of 128."
    )


def _pixel_ranges(declaration: Declaration, panel: PixelRanges, seed: int) -> str:
    model = declaration.models[panel.model]
    return (
        f"{_of(declaration, model)}: {panel.rows * panel.columns} samples, rescaled by the "
        "smallest and the largest value among them all, as the write-up does, and with -1 as "
        f"black and 1 as white, cut beyond. Seed {seed}."
    )


def _guide_accuracy(declaration: Declaration, panel: GuideAccuracy, _: int) -> str:
    guide, model = _guided(declaration, panel)
    return (
        f"Accuracy on test images of {declaration.datasets[model.data].title} noised to x_t: "
        f"{guide.title}, trained on images noised as those of {model.title}, and a classifier "
        "trained on clean images alone."
    )


def _guidance_curve(declaration: Declaration, panel: GuidanceCurve, _: int) -> str:
    guide, model = _guided(declaration, panel)
    return (
        f"{_of(declaration, model)}, {way_title(model, Way(sampler=guide.sampler))}, "
        f"{guide.samples:,} samples a scale. The score of the guided samples: the gradient of "
        "log p(x_t) plus gamma, the scale, times the gradient of log p(y | x_t). By a classifier: "
        "that of a noise-aware classifier leads the prediction for no class. Classifier-free: the "
        "same model's prediction for the class leads it."
    )


def _guidance_grid(declaration: Declaration, panel: GuidanceGrid, seed: int) -> str:
    guide, model = _guided(declaration, panel)
    scales = join_words([f"{scale:g}" for scale in shown_scales(panel, guide)])
    return (
        f"{_of(declaration, model)}, {way_title(model, Way(sampler=guide.sampler))}: a column a "
        f"class, a row a guidance scale ({scales}). All start from the same noise, seed {seed}."
    )


def _guided(
    declaration: Declaration, panel: GuideAccuracy | GuidanceCurve | GuidanceGrid
) -> tuple[Guide, GenerativeModel]:
    guide = declaration.guides[panel.guide]
    model = declaration.models[guide.model]
    assert isinstance(model, GenerativeModel)
    return guide, model


def _of_study(declaration: Declaration, panel: Ways | EvaluationCost, seed: int) -> str:
    study = declaration.studies[panel.study]
    model = declaration.models[study.model]
    assert isinstance(model, GenerativeModel)
    ways = "; ".join(way_title(model, way) for way in study.ways)
    head = f"{_of(declaration, model)}: {ways}. {study.samples:,} samples each"
    if isinstance(panel, EvaluationCost):
        return f"{head}, on features of the classifier of the same data."
    text = f"{head} are measured. All start from the same noise, seed {seed}"
    if any(way.start == "matched" for way in study.ways):
        seen = ", augmented as in training," if augmentation(model) else ""
        text += (
            f"; matched: that noise given the mean and covariance which training images{seen} "
            "have when noised to the last timestep"
        )
    return f"{text}."


def _of(declaration: Declaration, model: GenerativeModel | DenoisingModel) -> str:
    return (
        f"{model.title} on {declaration.datasets[model.data].title}, after epoch "
        f"{model.kept_epochs[-1]}"
    )


def _recipe(model: GenerativeModel | DenoisingModel) -> str:
    epochs = f"{model.epochs} epochs"
    if model.steps_per_epoch is not None:
        epochs += f" of {model.steps_per_epoch} steps"
    text = (
        f"width {model.network.hidden_width}, batch {model.batch_size}, {epochs}, Adam at "
        f"{model.learning_rate:g}"
    )
    if model.objective.kind == "noise_prediction":
        text = f"{LOSS_NAMES[model.objective.loss]} loss, {text}"
    return text + treatment_words(model)


def _listed(schedules: Sequence[NoiseSchedule]) -> str:
    return "; ".join(map(_described, schedules))


def _described(schedule: NoiseSchedule) -> str:
    text = f"{schedule.schedule}, T = {schedule.num_timesteps}"
    if schedule.schedule == "cosine":
        return text
    return f"{text}, beta {schedule.beta_start:g} to {schedule.beta_end:g}"


_CAPTIONS: dict[type[AnnotatedPanel], Callable[[Declaration, Any, int], str]] = {
    SchedulesPanel: _schedules,
    SignalToNoise: _signal_to_noise,
    ForwardStrip: _forward_strip,
    NetworkSummary: _network_summary,
    ReportedLoss: _reported_loss,
    PixelRanges: _pixel_ranges,
    Ways: _of_study,
    EvaluationCost: _of_study,
    GuideAccuracy: _guide_accuracy,
    GuidanceCurve: _guidance_curve,
    GuidanceGrid: _guidance_grid,
}
