"""One model sampled in several ways, and guided in two, each way measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import (
    BatchSize,
    Epochs,
    GuidanceScale,
    LearningRate,
    MaxShift,
    Name,
    SampleCount,
    Section,
    StepsPerEpoch,
    Title,
)
from flows.declaration.noise_prediction import EvenWidth
from flows.declaration.objectives import Sampler


class Way(Section):
    """sampler: that of the model by default. start: from N(0, I), or from the Gaussian with the
    mean and covariance that noised training images have at the last timestep."""

    sampler: Sampler | None = None
    start: Literal["noise", "matched"] = "noise"


class Study(Section):
    """Ways to sample the last checkpoint of a model, `samples` images each.

    classifier: by which they are measured.
    """

    model: Name
    classifier: Name
    ways: Annotated[list[Way], Field(min_length=1, max_length=20)]
    samples: SampleCount


class Guide(Section):
    """A noise-aware classifier, and the scales at which it guides the model in `samples` images
    each, beside the model's own classifier-free guidance.

    model: class-conditioned; the guide learns from its data under its noise. classifier: judge of
    the samples. width: channels of the guide's first level. sampler: that of the model by default.
    """

    title: Title
    model: Name
    classifier: Name
    width: EvenWidth
    batch_size: BatchSize
    epochs: Epochs
    learning_rate: LearningRate
    steps_per_epoch: StepsPerEpoch | None = None
    max_shift: MaxShift = 0
    guidance_scales: Annotated[list[GuidanceScale], Field(min_length=2, max_length=100)]
    samples: SampleCount
    sampler: Sampler | None = None
