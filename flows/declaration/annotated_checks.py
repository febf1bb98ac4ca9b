"""Checks of the panels of the annotated-diffusion write-up."""

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
from flows.declaration.models import GenerativeModel
from flows.declaration.objectives import check_noise
from flows.declaration.problems import Path, Problem, check_distinct, check_name, show_value
from flows.declaration.studies import Guide

MAX_GRID_IMAGES = 400


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
