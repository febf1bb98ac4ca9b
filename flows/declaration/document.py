"""The whole of pipelines.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flows.declaration.claims import Claim, ClaimId, Similarity
from flows.declaration.datasets import Dataset
from flows.declaration.fields import Glob, Name, Section, Seed, Title
from flows.declaration.figures import Figure
from flows.declaration.models import Classifier, Model
from flows.declaration.pictures import Image
from flows.declaration.pocket import Pocket
from flows.declaration.schedules import Schedule
from flows.declaration.studies import Guide, Study
from flows.declaration.text_to_image import Backend, TextToImage


class Seeds(Section):
    """data: splits of data sets that have none. training: weights, batches, noise.
    evaluation: samples that are measured, not shown."""

    data: Seed = 0
    training: Seed = 0
    evaluation: Seed = 0


class Pipeline(Section):
    """figures: globs on figure ids, in reading order."""

    title: Title
    figures: Annotated[list[Glob], Field(min_length=1, max_length=1000)]


class Profile(Section):
    """set: overrides, written as for --set; `*` in a name matches any name there.

    steps_on_cpu: that compute there at once, each on its share of the cores. Networks too narrow
    for all cores gain, and beside other processes a thread that another waits for loses most of its
    time; on other devices there is one step at a time.
    """

    title: Title
    steps_on_cpu: Annotated[int, Field(ge=1, le=64)] = 2
    number_format: Literal["auto", "float32", "bfloat16"] = "auto"
    set: dict[str, Any] = Field(default_factory=dict)


class Declaration(Section):
    """What to make. Every value lies in its range; read_declaration checks how they fit together.

    backend: the one of `backends` in use. similarity: without it, claims on how well pictures fit
    prompts are not measured.
    """

    version: Literal[1]
    seeds: Seeds = Seeds()
    datasets: dict[Name, Dataset]
    classifiers: dict[Name, Classifier] = Field(default_factory=dict)
    models: dict[Name, Model] = Field(default_factory=dict)
    studies: dict[Name, Study] = Field(default_factory=dict)
    guides: dict[Name, Guide] = Field(default_factory=dict)
    backends: dict[Name, Backend] = Field(default_factory=dict)
    backend: Name | None = None
    images: dict[Name, Image] = Field(default_factory=dict)
    text_to_image: TextToImage = TextToImage()
    pocket: Pocket | None = None
    similarity: Similarity | None = None
    claims: dict[ClaimId, Claim] = Field(default_factory=dict)
    figures: dict[Name, Figure]
    pipelines: dict[Name, Pipeline]
    profiles: dict[Name, Profile]
    default_profile: Name
    schedules: dict[Name, Schedule] = Field(default_factory=dict)
