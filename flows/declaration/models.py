"""Models and classifiers: network, objective, recipe, checkpoints and how they are measured."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

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
from flows.declaration.noise_prediction import ConvNextNetwork, network_kind
from flows.declaration.objectives import (
    DENOISING_KINDS,
    ConditionedNetwork,
    DenoisingObjective,
    GenerativeObjective,
    PlainNetwork,
    Sampler,
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

    decay: "exponential" multiplies the rate by 0.1^(1/epochs) after each epoch.
    steps_per_epoch: null for one pass over the data. horizontal_flip: images are mirrored at
    random. checkpoints: epochs kept; default, the last.
    """

    title: Title
    data: Name
    batch_size: BatchSize
    epochs: Epochs
    learning_rate: LearningRate
    decay: Literal["constant", "exponential"] = "constant"
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


GenerativeNetwork = Annotated[
    Annotated[ConditionedNetwork, Tag("course")] | Annotated[ConvNextNetwork, Tag("convnext")],
    Discriminator(network_kind),
]


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
