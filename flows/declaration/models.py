"""Models and classifiers: network, objective, recipe, checkpoints and how they are measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from flows.declaration.datasets import Dataset
from flows.declaration.fields import (
    BatchSize,
    EmaDecay,
    Epochs,
    GuidanceScale,
    HiddenWidth,
    LearningRate,
    MaxShift,
    Name,
    SampleCount,
    Section,
    SigmaList,
    StepsPerEpoch,
    Title,
)
from flows.declaration.objectives import (
    DENOISING_KINDS,
    METHODS,
    ConvNextNetwork,
    DenoisingObjective,
    GenerativeNetwork,
    GenerativeObjective,
    PlainNetwork,
    Sampler,
    check_noise,
)
from flows.declaration.problems import (
    Path,
    Problem,
    check_distinct,
    check_name,
    show_number,
    show_value,
)


class Classifier(Section):
    """The judge of samples. width: channels of its first level."""

    title: Title = "Digit classifier"
    data: Name
    width: HiddenWidth = 32
    batch_size: BatchSize
    epochs: Epochs
    learning_rate: LearningRate
    steps_per_epoch: StepsPerEpoch | None = None
    max_shift: MaxShift = 0


class Recipe(Section):
    """How a model is trained, whatever it predicts.

    decay: "exponential" multiplies the rate by 0.1^(1/epochs) after each epoch. optimizer: "muon"
    learns in fewer steps than the write-ups' "adam".
    steps_per_epoch: null for one pass over the data. horizontal_flip: images are mirrored at
    random. checkpoints: epochs kept; default, the last.
    """

    title: Title
    data: Name
    batch_size: BatchSize
    epochs: Epochs
    learning_rate: LearningRate
    decay: Literal["constant", "exponential"] = "constant"
    optimizer: Literal["adam", "muon"] = "adam"
    steps_per_epoch: StepsPerEpoch | None = None
    ema_decay: EmaDecay | None = None
    max_shift: MaxShift = 0
    horizontal_flip: bool = False
    checkpoints: Annotated[list[Epochs], Field(min_length=1, max_length=1000)] | None = None

    @property
    def kept_epochs(self) -> list[int]:
        """Epochs after which a checkpoint is kept, ascending."""
        return sorted(self.checkpoints) if self.checkpoints is not None else [self.epochs]


class DenoisingMeasure(Section):
    """sigmas: noise levels at which the test error is taken."""

    sigmas: SigmaList


class DenoisingModel(Recipe):
    """A one-step denoiser."""

    network: PlainNetwork
    objective: DenoisingObjective
    measure: DenoisingMeasure | None = None

    @classmethod
    def describes(cls, value: Any) -> bool:
        return _family(value) == "denoising"


class SampleMeasure(Section):
    """samples: how many each checkpoint is measured on. guidance_scales: a sweep over the last
    checkpoint, each scale with sweep_samples."""

    samples: SampleCount
    guidance_scales: list[GuidanceScale] = Field(default_factory=list, max_length=100)
    sweep_samples: SampleCount = 1000


class GenerativeModel(Recipe):
    """A model that makes images from noise. classifier: by which its samples are measured."""

    network: GenerativeNetwork
    objective: GenerativeObjective
    sampler: Sampler
    classifier: Name | None = None
    measure: SampleMeasure | None = None

    @classmethod
    def describes(cls, value: Any) -> bool:
        return _family(value) == "generative"

    @property
    def is_class_conditioned(self) -> bool:
        return self.network.num_classes > 0


def _family(value: Any) -> str:
    if isinstance(value, DenoisingModel):
        return "denoising"
    objective = value.get("objective") if isinstance(value, dict) else None
    kind = objective.get("kind") if isinstance(objective, dict) else None
    return "denoising" if kind in DENOISING_KINDS else "generative"


Model = Annotated[
    Annotated[DenoisingModel, Tag("denoising")] | Annotated[GenerativeModel, Tag("generative")],
    Discriminator(_family),
]


def check_classifiers(
    classifiers: Mapping[str, Classifier], datasets: Mapping[str, Dataset]
) -> Iterator[Problem]:
    """Problems of each classifier with the data it is trained on."""
    for name, classifier in classifiers.items():
        path = ("classifiers", name)
        yield from check_name((*path, "data"), classifier.data, datasets, "data set")
        yield from check_batch(path, classifier.batch_size, classifier.data, datasets)


def check_models(
    models: Mapping[str, Model],
    classifiers: Mapping[str, Classifier],
    datasets: Mapping[str, Dataset],
) -> Iterator[Problem]:
    """Problems of each model in itself, with its data and with the judge of its samples."""
    for name, model in models.items():
        path = ("models", name)
        yield from check_name((*path, "data"), model.data, datasets, "data set")
        yield from check_batch(path, model.batch_size, model.data, datasets)
        yield from _check_checkpoints(path, model)
        if isinstance(model, GenerativeModel):
            yield from _check_objective(path, model)
            yield from _check_guidance(path, model)
            yield from _check_measure(path, model, classifiers)
        elif model.measure is not None:
            yield from check_distinct((*path, "measure", "sigmas"), model.measure.sigmas)


def check_batch(
    path: Path, batch_size: int, data: str, datasets: Mapping[str, Dataset]
) -> Iterator[Problem]:
    """That `data`, where it is declared, holds a whole batch."""
    dataset = datasets.get(data)
    if dataset is not None and batch_size > dataset.train_rows:
        text = (
            f"is {batch_size}; expected at most {dataset.train_rows}, the training images of {data}"
        )
        yield Problem((*path, "batch_size"), text)


def _check_checkpoints(path: Path, model: Model) -> Iterator[Problem]:
    if model.checkpoints is None:
        return
    yield from check_distinct((*path, "checkpoints"), model.checkpoints)
    beyond = [epoch for epoch in model.checkpoints if epoch > model.epochs]
    if beyond:
        within = sorted({e for e in model.checkpoints if e < model.epochs} | {model.epochs})
        fix = ",".join(map(str, within))
        yield Problem(
            (*path, "checkpoints"),
            f"is {show_value(model.checkpoints)}, but training ends after epoch {model.epochs}; "
            f"expected epochs up to {model.epochs} (--set {'.'.join(path)}.checkpoints=[{fix}] "
            f"or --set {'.'.join(path)}.epochs={max(beyond)})",
        )


def _check_objective(path: Path, model: GenerativeModel) -> Iterator[Problem]:
    """That network, objective and sampler mean the same by an image and a timestep, and that the
    noise leaves something to learn from."""
    kind = model.objective.kind
    is_convnext = isinstance(model.network, ConvNextNetwork)
    if is_convnext != (kind == "noise_prediction"):
        network = "a convnext network" if is_convnext else "a network without kind"
        allowed = "noise_prediction" if is_convnext else "ddpm or flow_matching"
        text = f"is {show_value(kind)}, but the model has {network}; expected {allowed}"
        yield Problem((*path, "objective", "kind"), text)
    yield from check_sampler((*path, "sampler"), model, model.sampler)
    if model.objective.kind != "flow_matching":
        yield from check_noise((*path, "objective"), model.objective)


def _check_guidance(path: Path, model: GenerativeModel) -> Iterator[Problem]:
    scales = model.measure.guidance_scales if model.measure is not None else []
    scale = model.sampler.guidance_scale
    if model.is_class_conditioned:
        if model.objective.p_uncond == 0 and (scale not in (None, 1.0) or scales):
            yield Problem(
                (*path, "objective", "p_uncond"),
                "is 0, but guidance needs a network that has also seen no class; "
                "expected more than 0 (the write-ups use 0.1)",
            )
        return
    needs = "needs a class-conditioned model (network.num_classes: 10)"
    if model.objective.p_uncond > 0:
        text = f"is {show_number(model.objective.p_uncond)}, which {needs}; expected 0"
        yield Problem((*path, "objective", "p_uncond"), text)
    if scales:
        text = f"is {show_value(scales)}, which {needs}; expected []"
        yield Problem((*path, "measure", "guidance_scales"), text)


def _check_measure(
    path: Path, model: GenerativeModel, classifiers: Mapping[str, Classifier]
) -> Iterator[Problem]:
    if (model.classifier is None) != (model.measure is None):
        given, absent = "classifier", "measure"
        if model.classifier is None:
            given, absent = absent, given
        yield Problem((*path, absent), f"is missing; {given} needs it, or leave out both")
    if model.measure is not None:
        yield from check_distinct(
            (*path, "measure", "guidance_scales"),
            [f"{scale:g}" for scale in model.measure.guidance_scales],
        )
    if model.classifier is None:
        return
    yield from check_name((*path, "classifier"), model.classifier, classifiers, "classifier")
    classifier = classifiers.get(model.classifier)
    if classifier is not None and classifier.data != model.data:
        yield Problem(
            (*path, "classifier"),
            f'is "{model.classifier}", trained on {classifier.data}, but this model is trained on '
            f"{model.data}, so its samples cannot be measured by it; expected a classifier of "
            f"{model.data} (--set classifiers.{model.classifier}.data={model.data})",
        )


def check_sampler(path: Path, model: GenerativeModel, sampler: Sampler) -> Iterator[Problem]:
    """That a sampler, the model's own or another, takes the model's steps."""
    objective = model.objective
    methods = METHODS[objective.kind]
    most = None if objective.kind == "flow_matching" else objective.num_timesteps
    if sampler.method not in methods:
        allowed = methods[0] if len(methods) == 1 else f"one of: {', '.join(methods)}"
        yield Problem(
            (*path, "method"),
            f"is {show_value(sampler.method)}, but the objective is {objective.kind}; "
            f"expected {allowed}",
        )
    elif sampler.method == "ddim" and most is not None and sampler.steps > most:
        text = f"is {sampler.steps}; expected at most num_timesteps, {most}"
        yield Problem((*path, "steps"), text)
    if sampler.guidance_scale is not None and not model.is_class_conditioned:
        yield Problem(
            (*path, "guidance_scale"),
            f"is {show_number(sampler.guidance_scale)}, which needs a class-conditioned model "
            "(network.num_classes: 10); expected null",
        )
