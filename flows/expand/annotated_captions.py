"""What stands under the pictures of the annotated-diffusion write-up."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration import Declaration
from flows.declaration.annotated_panels import (
    AnnotatedPanel,
    EvaluationCost,
    ForwardStrip,
    GuidanceCurve,
    GuideAccuracy,
    NetworkSummary,
    PixelRanges,
    ReportedLoss,
    SchedulesPanel,
    SignalToNoise,
    Ways,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.noise_prediction import NoiseSchedule
from flows.declaration.studies import Way
from flows.expand.study_nodes import shown_scales, way_title
from tasks.figures.words import join_words

LOSS_NAMES = {"l1": "L1", "l2": "L2", "huber": "Huber"}


def annotated_caption(declaration: Declaration, panel: AnnotatedPanel, seed: int) -> str:
    """One or two sentences: what is shown, of which model and data, with which settings."""
    if isinstance(panel, SchedulesPanel):
        return (
            f"beta_t, alpha-bar_t and the posterior variance beta_t (1 - alpha-bar_t-1) / "
            f"(1 - alpha-bar_t): {_listed(panel.schedules)}."
        )
    if isinstance(panel, SignalToNoise):
        return (
            "alpha-bar_t / (1 - alpha-bar_t) in dB; the value at T is what sampling from N(0, I) "
            f"takes for nothing: {_listed(panel.schedules)}."
        )
    if isinstance(panel, ForwardStrip):
        times = join_words([str(index) for index in panel.indices])
        return (
            f"{panel.size} pixels, scaled to [-1, 1]: sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t)"
            f" eps at t = {times}, counted from 0 as in the write-up; one eps for all. "
            f"{_described(panel.schedule)}. Seed {seed}."
        )
    if isinstance(panel, NetworkSummary):
        sizes = join_words(
            [
                f"{n.channels} channel{'s' * (n.channels > 1)} at {n.size} pixels"
                for n in panel.networks
            ]
        )
        return f"Shapes of a batch of one and parameters, measured by running it: {sizes}."
    if isinstance(panel, ReportedLoss):
        model = declaration.models[panel.model]
        return (
            f"{_of(declaration, model)}: {_recipe(model)}. Published values: every "
            f"{panel.every} steps, on Fashion-MNIST with batches of 128."
        )
    if isinstance(panel, PixelRanges):
        model = declaration.models[panel.model]
        return (
            f"{_of(declaration, model)}: {panel.rows * panel.columns} samples, rescaled by the "
            "smallest and the largest value among them all, as the write-up does, and with -1 as "
            f"black and 1 as white, cut beyond. Seed {seed}."
        )
    if isinstance(panel, Ways | EvaluationCost):
        return _of_study(declaration, panel, seed)
    guide = declaration.guides[panel.guide]
    model = declaration.models[guide.model]
    assert isinstance(model, GenerativeModel)
    if isinstance(panel, GuideAccuracy):
        data = declaration.datasets[model.data].title
        return (
            f"Accuracy on test images of {data} noised to x_t: {guide.title}, trained on images "
            f"noised as those of {model.title}, and a classifier trained on clean images alone."
        )
    sampler = way_title(model, Way(sampler=guide.sampler))
    if isinstance(panel, GuidanceCurve):
        return (
            f"{_of(declaration, model)}, {sampler}, {guide.samples:,} samples a scale. By a "
            "classifier: the gradient of log p(y | x_t) of a noise-aware classifier leads the "
            "prediction for no class. Classifier-free: the same model's prediction for the class "
            "leads it."
        )
    scales = join_words([f"{scale:g}" for scale in shown_scales(panel, guide)])
    return (
        f"{_of(declaration, model)}, {sampler}: a column a class, a row a guidance scale ({scales}"
        f"). All start from the same noise, seed {seed}."
    )


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
        text += (
            "; matched: that noise given the mean and covariance which noised training images "
            "have at the last timestep"
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
    return text + (", mirrored at random" if model.horizontal_flip else "")


def _listed(schedules: Sequence[NoiseSchedule]) -> str:
    return "; ".join(map(_described, schedules))


def _described(schedule: NoiseSchedule) -> str:
    text = f"{schedule.schedule}, T = {schedule.num_timesteps}"
    if schedule.schedule == "cosine":
        return text
    return f"{text}, beta {schedule.beta_start:g} to {schedule.beta_end:g}"
