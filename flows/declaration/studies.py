"""One model sampled in several ways, and guided in two, each way measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.datasets import Dataset
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
from flows.declaration.models import (
    Classifier,
    GenerativeModel,
    Model,
    check_batch,
    check_sampler,
)
from flows.declaration.objectives import EvenWidth, Sampler
from flows.declaration.problems import Path, Problem, check_distinct, check_name


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


def check_studies(
    studies: Mapping[str, Study], models: Mapping[str, Model], classifiers: Mapping[str, Classifier]
) -> Iterator[Problem]:
    """That each study's model can be sampled in each of its ways."""
    for name, study in studies.items():
        path = ("studies", name)
        model = models.get(study.model)
        yield from _check_model(path, study, models, classifiers)
        yield from check_distinct((*path, "ways"), [way.model_dump() for way in study.ways])
        for index, way in enumerate(study.ways):
            where = (*path, "ways", str(index))
            if not isinstance(model, GenerativeModel):
                continue
            if way.sampler is not None:
                yield from check_sampler((*where, "sampler"), model, way.sampler)
            if way.start == "matched" and model.objective.kind == "flow_matching":
                text = 'is "matched", but flow matching starts from N(0, I); expected noise'
                yield Problem((*where, "start"), text)


def check_guides(
    guides: Mapping[str, Guide],
    models: Mapping[str, Model],
    classifiers: Mapping[str, Classifier],
    datasets: Mapping[str, Dataset],
) -> Iterator[Problem]:
    """That each guide's model can be guided by a classifier and without one."""
    for name, guide in guides.items():
        path = ("guides", name)
        model = models.get(guide.model)
        yield from _check_model(path, guide, models, classifiers)
        yield from check_distinct((*path, "guidance_scales"), guide.guidance_scales)
        if not isinstance(model, GenerativeModel):
            continue
        predicts_noise = model.objective.kind in ("ddpm", "noise_prediction")
        if not predicts_noise or not model.is_class_conditioned or model.objective.p_uncond == 0:
            yield Problem(
                (*path, "model"),
                f'is "{guide.model}"; expected a class-conditioned model (network.num_classes: '
                "10) whose objective is ddpm or noise_prediction, with p_uncond more than 0",
            )
        yield from check_batch(path, guide.batch_size, model.data, datasets)
        if guide.sampler is not None:
            yield from check_sampler((*path, "sampler"), model, guide.sampler)


def _check_model(
    path: Path,
    made: Study | Guide,
    models: Mapping[str, Model],
    classifiers: Mapping[str, Classifier],
) -> Iterator[Problem]:
    """That model and classifier exist and see the same images."""
    yield from check_name((*path, "model"), made.model, models, "model")
    yield from check_name((*path, "classifier"), made.classifier, classifiers, "classifier")
    model = models.get(made.model)
    if model is not None and not isinstance(model, GenerativeModel):
        text = f'is "{made.model}"; expected a model that makes images from noise'
        yield Problem((*path, "model"), text)
    classifier = classifiers.get(made.classifier)
    if model is not None and classifier is not None and classifier.data != model.data:
        yield Problem(
            (*path, "classifier"),
            f'is "{made.classifier}", trained on {classifier.data}, but {made.model} is trained '
            f"on {model.data}; expected a classifier of {model.data}",
        )
