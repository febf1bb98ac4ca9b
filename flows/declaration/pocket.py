"""The pocket model: what it is trained on, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flows.declaration.fields import (
    BatchSize,
    EmaDecay,
    GuidanceScale,
    LearningRate,
    Name,
    SamplerSteps,
    Section,
    Seed,
    Sha256,
)

FilePath = Annotated[str, Field(min_length=1, max_length=1000)]
Share = Annotated[float, Field(gt=0, le=1)]
Steps = Annotated[int, Field(ge=1, le=10_000_000)]
Style = Annotated[str, Field(min_length=1, max_length=60)]


class Phase(Section):
    """One stretch of training. The rate rises over warm_up_steps, then falls along a half cosine
    to final_fraction of itself."""

    steps: Steps
    batch_size: BatchSize = 32
    learning_rate: LearningRate
    warm_up_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    final_fraction: Share = 0.02
    ema_decay: EmaDecay = 0.999


class StageOne(Section):
    """coarse: at 32 pixels without the outermost level. whole: at 64. fine: at 64, with every t
    weighted alike."""

    coarse: Phase
    whole: Phase
    fine: Phase


class StageTwo(Section):
    """windows: of 64 pixels. pictures: of 128."""

    windows: Phase
    pictures: Phase


class Reader(Section):
    """The classifier of concepts that the model is measured with."""

    reader: Phase


class Similarity(Section):
    """The CLIP that measures how well a picture fits a text."""

    similarity: Phase


class Measure(Section):
    """Samples of every concept, for each seed, read by the reader."""

    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100)]
    guidance_scale: GuidanceScale
    num_inference_steps: SamplerSteps
    style_subjects: Annotated[list[Style], Field(min_length=1, max_length=40)]


class Pocket(Section):
    """font, concepts: files, relative to this one. styles: how often each is drawn, up to a common
    factor. variants: renderings of each concept in each style."""

    font: FilePath
    font_sha256: Sha256
    concepts: FilePath
    seed: Seed = 0
    variants: Annotated[int, Field(ge=1, le=20)] = 2
    styles: dict[Style, Share]
    stage_one: StageOne
    stage_two: StageTwo
    reader: Reader
    similarity: Similarity
    measure: Measure
    output: dict[Name, FilePath]
