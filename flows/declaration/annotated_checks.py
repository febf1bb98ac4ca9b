"""Checks of studies, guides and the panels of the annotated-diffusion write-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows.declaration.annotated_panels import (
    AnnotatedPanel,
    EvaluationCost,
    ForwardStrip,
    GuidanceCurve,
    GuidanceGrid,
    GuideAccuracy,
    PixelRanges,
    ReportedLoss,
    SchedulesPanel,
    SignalToNoise,
    Ways,
)
from flows.declaration.document import Declaration
from flows.declaration.messages import Path, Problem, show_value
from flows.declaration.models import GenerativeModel
from flows.declaration.noise_checks import check_noise
from flows.declaration.noise_prediction import ConvNextNetwork
from flows.declaration.objectives import METHODS, Sampler
from flows.declaration.references import check_distinct, check_name
from flows.declaration.studies import Guide, Study

MAX_GRID_IMAGES = 400


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


def check_annotated_panel(
    declaration: Declaration, path: Path, panel: AnnotatedPanel
) -> Iterator[Problem]:
    """Problems of `panel`, which stands at `path`."""
    if isinstance(panel, Ways | EvaluationCost):
        yield from check_name((*path, "study"), panel.study, declaration.studies, "study")
        study = declaration.studies.get(panel.study)
        if isinstance(panel, Ways) and study is not None:
            yield from _check_grid(declaration, path, study.model, panel)
    elif isinstance(panel, GuideAccuracy | GuidanceCurve | GuidanceGrid):
        yield from check_name((*path, "guide"), panel.guide, declaration.guides, "guide")
        guide = declaration.guides.get(panel.guide)
        if isinstance(panel, GuidanceGrid) and guide is not None:
            scales = panel.guidance_scales or []
            yield from check_distinct((*path, "guidance_scales"), scales)
            yield from _check_scales(path, scales, guide)
    elif isinstance(panel, ReportedLoss | PixelRanges):
        yield from check_name((*path, "model"), panel.model, declaration.models, "model")
        model = declaration.models.get(panel.model)
        if isinstance(panel, PixelRanges) and model is not None:
            if model.objective.kind != "noise_prediction":
                text = f'is "{panel.model}"; pixel_ranges needs a model of noise_prediction'
                yield Problem((*path, "model"), text)
            yield from _check_grid(declaration, path, panel.model, panel)
    elif isinstance(panel, SchedulesPanel | SignalToNoise):
        for index, schedule in enumerate(panel.schedules):
            yield from check_noise((*path, "schedules", str(index)), schedule)
    elif isinstance(panel, ForwardStrip):
        yield from check_noise((*path, "schedule"), panel.schedule)
        yield from check_name((*path, "image"), panel.image, declaration.images, "image")
        beyond = [index for index in panel.indices if index >= panel.schedule.num_timesteps]
        if beyond:
            yield Problem(
                (*path, "indices"),
                f"is {show_value(panel.indices)}; expected at most "
                f"{panel.schedule.num_timesteps - 1}, the last timestep counted from 0",
            )


def _check_scales(path: Path, scales: Iterable[float], guide: Guide) -> Iterator[Problem]:
    missing = [scale for scale in scales if scale not in guide.guidance_scales]
    if missing:
        listed = ", ".join(f"{scale:g}" for scale in guide.guidance_scales)
        text = f"asks for {missing[0]:g}; expected some of the guide's: {listed}"
        yield Problem((*path, "guidance_scales"), text)


def _check_grid(
    declaration: Declaration, path: Path, name: str, panel: Ways | PixelRanges
) -> Iterator[Problem]:
    model = declaration.models.get(name)
    if isinstance(model, GenerativeModel) and model.is_class_conditioned:
        classes = model.network.num_classes
        if panel.columns != classes:
            text = f"is {panel.columns}; expected {classes}, a column for each class of {name}"
            yield Problem((*path, "columns"), text)
    if panel.rows * panel.columns > MAX_GRID_IMAGES:
        yield Problem(
            (*path, "rows"),
            f"is {panel.rows} with {panel.columns} columns; expected at most {MAX_GRID_IMAGES} "
            "images in a grid",
        )
