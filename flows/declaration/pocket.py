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
    Section,
    Seed,
    Sha256,
)
from flows.declaration.text_to_image import Interval

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


class Start(Section):
    """An earlier U-Net of the same stage, in a folder relative to this file."""

    folder: FilePath
    unet_sha256: Sha256


class StartWithWords(Start):
    """Its text encoder too."""

    text_encoder_sha256: Sha256


class StageOne(Section):
    """start: weights to go on from; null: from random ones. words: both networks. whole, long and
    fine: the U-Net alone; long at a constant rate, so that it can be ended earlier or later, and
    fine lowers the rate from there."""

    start: StartWithWords | None = None
    words: Phase
    whole: Phase
    long: Phase
    fine: Phase


class StageTwo(Section):
    """start: weights to go on from; null: from random ones. windows: of 64 pixels. pictures: of
    128."""

    start: Start | None = None
    windows: Phase
    pictures: Phase


class Reader(Section):
    """The classifier of concepts that the model is measured with."""

    reader: Phase


class Similarity(Section):
    """The CLIP that measures how well a picture fits a text."""

    similarity: Phase


class Measure(Section):
    """Samples of every concept, for each seed, read by the reader; and edits of photographs.

    guidance_interval: as a backend has it. stride: timesteps that a step of sampling goes; SDEdit
    is measured from the 21st. held_out: pictures that stage II is measured on. photographs: files,
    relative to this one.
    """

    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100)]
    guidance_scale: GuidanceScale
    guidance_interval: Interval | None = None
    stride: Annotated[int, Field(ge=1, le=47)]
    held_out: Annotated[int, Field(ge=1, le=10_000)]
    style_subjects: Annotated[list[Style], Field(min_length=1, max_length=40)]
    photographs: Annotated[list[FilePath], Field(min_length=1, max_length=100)]


class Artist(Section):
    """Pictures of glyphs in a package of the npm registry, as `npm pack` fetches it.

    package: name@version. integrity: as the registry publishes it. folder: where the pictures lie
    in the archive, named by code points.
    """

    package: Annotated[str, Field(pattern=r"^(@[a-z0-9-]+/)?[a-z0-9.-]+@[0-9][0-9A-Za-z.-]*$")]
    integrity: Annotated[str, Field(pattern=r"^sha512-[A-Za-z0-9+/]{86}==$")]
    folder: FilePath
    title: Annotated[str, Field(min_length=1, max_length=100)]
    licence: Annotated[str, Field(min_length=1, max_length=60)]


class Photographs(Section):
    """scenes: how many are drawn anew, four photographs each."""

    scenes: Annotated[int, Field(ge=0, le=100_000)]


class Pocket(Section):
    """font, concepts: files, relative to this one. artists: who else draws glyphs; their packages
    lie in the folder `assets`, as do rendered photographs. styles: how often each is drawn, up to a
    common factor."""

    font: FilePath
    font_sha256: Sha256
    artists: dict[Name, Artist]
    assets: FilePath
    concepts: FilePath
    photographs: Photographs
    seed: Seed = 0
    styles: dict[Style, Share]
    stage_one: StageOne
    stage_two: StageTwo
    reader: Reader
    similarity: Similarity
    measure: Measure
    output: dict[Name, FilePath]
