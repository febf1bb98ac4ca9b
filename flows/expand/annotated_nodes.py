"""Nodes of the panels of the annotated-diffusion write-up: the picture, and what only it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.declaration import Declaration
from flows.declaration.annotated_panels import (
    AnnotatedPanel,
    EvaluationCost,
    ForwardStrip,
    GuidanceCurve,
    GuidanceGrid,
    GuideAccuracy,
    NetworkSummary,
    PixelRanges,
    ReportedLoss,
    SchedulesPanel,
    SignalToNoise,
    Ways,
)
from flows.declaration.figures import Figure
from flows.declaration.models import GenerativeModel
from flows.expand.model_nodes import checkpoint_name, plain, train_name
from flows.expand.study_nodes import (
    CLASSES,
    guide_name,
    guided_name,
    shown_scales,
    way_name,
    way_title,
)
from tasks.store.node import JSON, Node

TITLES = {
    "schedules": "Four schedules",
    "signal_to_noise": "Signal-to-noise ratio",
    "forward_strip": "Forward process",
    "network_summary": "The network, part by part",
    "reported_loss": "Training loss beside the published one",
    "pixel_ranges": "Two ranges of grey",
    "ways": "Sampled in other ways",
    "evaluation_cost": "Distance over network evaluations",
    "guide_accuracy": "Classifiers of noised images",
    "guidance_curve": "Guided by a classifier, and without one",
    "guidance_grid": "Samples over guidance scales",
}


def annotated_nodes(
    declaration: Declaration,
    figure_id: str,
    figure: Figure,
    panel: AnnotatedPanel,
    image: Callable[[str], str],
) -> Iterator[Node]:
    """The node that draws `panel`, after those that nothing else needs.

    image: a declared image to the name of its node, which is made if need be.
    """
    place = f"{figure_id}/{panel.id or panel.plot}"
    params: dict[str, JSON] = {"plot": panel.plot}
    seed = 0
    if isinstance(panel, SchedulesPanel | SignalToNoise | ForwardStrip):
        schedules = [panel.schedule] if isinstance(panel, ForwardStrip) else panel.schedules
        source = Node(f"schedule/{place}", "schedule", {"schedules": [plain(s) for s in schedules]})
        yield source
        inputs = {"schedule": source.name}
        if isinstance(panel, ForwardStrip):
            params |= {"size": panel.size, "indices": panel.indices}
            inputs["image"] = image(panel.image)
            seed = figure.seed
    elif isinstance(panel, NetworkSummary):
        source = Node(f"network/{place}", "network", {"networks": plain(panel)["networks"]})
        yield source
        inputs = {"network": source.name}
    elif isinstance(panel, ReportedLoss):
        model = declaration.models[panel.model]
        inputs = {"model_0": train_name(panel.model)}
        params |= {
            "label": f"{model.title} on {declaration.datasets[model.data].title}",
            "every": panel.every,
            "published": panel.published,
            "published_steps": panel.published_steps,
        }
    elif isinstance(panel, PixelRanges):
        epoch = declaration.models[panel.model].kept_epochs[-1]
        inputs = {"sample": checkpoint_name("sample", panel.model, epoch)}
        params |= {"seed": figure.seed, "rows": panel.rows, "columns": panel.columns}
        seed = figure.seed
    elif isinstance(panel, GuideAccuracy):
        inputs = {"guide": guide_name(panel.guide)}
        params["label"] = declaration.guides[panel.guide].title
    elif isinstance(panel, Ways | EvaluationCost):
        inputs, options = _of_study(declaration, panel)
        params |= options
        if isinstance(panel, Ways):
            params |= {"seed": figure.seed, "rows": panel.rows, "columns": panel.columns}
            seed = figure.seed
    else:
        inputs, options = _of_guide(declaration, panel)
        params |= options
        if isinstance(panel, GuidanceGrid):
            params |= {"seed": figure.seed, "rows": 1, "columns": CLASSES}
            seed = figure.seed
    yield Node(f"figure/{place}", "figure", params, inputs, seed)


def _of_study(
    declaration: Declaration, panel: Ways | EvaluationCost
) -> tuple[dict[str, str], dict[str, JSON]]:
    study = declaration.studies[panel.study]
    model = declaration.models[study.model]
    assert isinstance(model, GenerativeModel)
    inputs = {f"way_{i}": way_name(study.model, model, way) for i, way in enumerate(study.ways)}
    options: dict[str, JSON] = {
        "labels": [way_title(model, way) for way in study.ways],
        "label_classes": model.is_class_conditioned,
    }
    return inputs, options


def _of_guide(
    declaration: Declaration, panel: GuidanceCurve | GuidanceGrid
) -> tuple[dict[str, str], dict[str, JSON]]:
    guide = declaration.guides[panel.guide]
    scales = sorted(guide.guidance_scales)
    if isinstance(panel, GuidanceGrid):
        scales = shown_scales(panel, guide)
    inputs = {
        f"{role}_{i}": guided_name(panel.guide, guidance, scale)
        for role, guidance in (("by_classifier", "classifier"), ("classifier_free",) * 2)
        for i, scale in enumerate(scales)
    }
    return inputs, {"guidance_scales": scales}
