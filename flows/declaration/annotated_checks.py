"""Checks of networks, studies and guides of the annotated-diffusion write-up."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.document import Declaration
from flows.declaration.messages import Path, Problem, show_value
from flows.declaration.models import GenerativeModel
from flows.declaration.noise_prediction import ConvNextNetwork
from flows.declaration.objectives import METHODS, Sampler
from flows.declaration.references import check_distinct, check_name
from flows.declaration.studies import Guide, Study


def check_network(path: Path, model: GenerativeModel) -> Iterator[Problem]:
    """That network, objective and sampler mean the same by an image and a timestep."""
    kind = model.objective.kind
    is_convnext = isinstance(model.network, ConvNextNetwork)
    if is_convnext != (kind == "noise_prediction"):
        network = "a convnext network" if is_convnext else "a network without kind"
        allowed = "noise_prediction" if is_convnext else "ddpm or flow_matching"
        text = f"is {show_value(kind)}, but the model has {network}; expected {allowed}"
        yield Problem((*path, "objective", "kind"), text)
    yield from check_sampler((*path, "sampler"), model, model.sampler)


def check_sampler(path: Path, model: GenerativeModel, sampler: Sampler) -> Iterator[Problem]:
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
            f"is {sampler.guidance_scale:g}, which needs a class-conditioned model "
            "(network.num_classes: 10); expected null",
        )


def check_studies(declaration: Declaration) -> Iterator[Problem]:
    for name, study in declaration.studies.items():
        path = ("studies", name)
        model = declaration.models.get(study.model)
        yield from _check_model(declaration, path, study)
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


def check_guides(declaration: Declaration) -> Iterator[Problem]:
    for name, guide in declaration.guides.items():
        path = ("guides", name)
        model = declaration.models.get(guide.model)
        yield from _check_model(declaration, path, guide)
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
        dataset = declaration.datasets.get(model.data)
        if dataset is not None and guide.batch_size > dataset.train_rows:
            yield Problem(
                (*path, "batch_size"),
                f"is {guide.batch_size}; expected at most {dataset.train_rows}, "
                f"the training images of {model.data}",
            )
        if guide.sampler is not None:
            yield from check_sampler((*path, "sampler"), model, guide.sampler)


def _check_model(declaration: Declaration, path: Path, made: Study | Guide) -> Iterator[Problem]:
    """That model and classifier exist and see the same images."""
    yield from check_name((*path, "model"), made.model, declaration.models, "model")
    yield from check_name(
        (*path, "classifier"), made.classifier, declaration.classifiers, "classifier"
    )
    model = declaration.models.get(made.model)
    if model is not None and not isinstance(model, GenerativeModel):
        text = f'is "{made.model}"; expected a model that makes images from noise'
        yield Problem((*path, "model"), text)
    classifier = declaration.classifiers.get(made.classifier)
    if model is not None and classifier is not None and classifier.data != model.data:
        yield Problem(
            (*path, "classifier"),
            f'is "{made.classifier}", trained on {classifier.data}, but {made.model} is trained '
            f"on {model.data}; expected a classifier of {model.data}",
        )
