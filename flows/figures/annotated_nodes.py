"""Nodes of the panels of the annotated-diffusion write-up: the picture, and what only it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

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
from flows.nodes.model_nodes import checkpoint_name, plain, train_name
from flows.nodes.study_nodes import (
    CLASSES,
    guide_name,
    guided_name,
    shown_scales,
    way_name,
    way_title,
)
from tasks.store.node import JSON, Node

ANNOTATED_TITLES = {
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


@dataclass(frozen=True)
class Spot:
    """Where a panel stands. place: figure id / panel id. image: a declared image to the name of its
    node, which is made if need be."""

    declaration: Declaration
    place: str
    seed: int
    image: Callable[[str], str]


@dataclass(frozen=True)
class Drawn:
    """What a panel's node takes besides the name of its plot.

    seed: the figure's where the picture depends on one. source: a node that only it needs.
    """

    inputs: dict[str, str]
    params: dict[str, JSON] = field(default_factory=dict)
    seed: int = 0
    source: Node | None = None


def annotated_nodes(
    declaration: Declaration,
    figure_id: str,
    figure: Figure,
    panel: AnnotatedPanel,
    image: Callable[[str], str],
) -> Iterator[Node]:
    """The node that draws `panel`, after the one that nothing else needs. image: as of Spot."""
    spot = Spot(declaration, f"{figure_id}/{panel.id or panel.plot}", figure.seed, image)
    drawn = _DRAWN[type(panel)](spot, panel)
    if drawn.source is not None:
        yield drawn.source
    params = {"plot": panel.plot, **drawn.params}
    yield Node(f"figure/{spot.place}", "figure", params, drawn.inputs, drawn.seed)


def _schedules(spot: Spot, panel: SchedulesPanel | SignalToNoise) -> Drawn:
    source = Node(
        f"schedule/{spot.place}", "schedule", {"schedules": [plain(s) for s in panel.schedules]}
    )
    return Drawn({"schedule": source.name}, source=source)


def _forward_strip(spot: Spot, panel: ForwardStrip) -> Drawn:
    source = Node(f"schedule/{spot.place}", "schedule", {"schedules": [plain(panel.schedule)]})
    return Drawn(
        {"schedule": source.name, "image": spot.image(panel.image)},
        {"size": panel.size, "indices": panel.indices},
        spot.seed,
        source,
    )


def _network_summary(spot: Spot, panel: NetworkSummary) -> Drawn:
    source = Node(f"network/{spot.place}", "network", {"networks": plain(panel)["networks"]})
    return Drawn({"network": source.name}, source=source)


def _reported_loss(spot: Spot, panel: ReportedLoss) -> Drawn:
    model = spot.declaration.models[panel.model]
    return Drawn(
        {"model_0": train_name(panel.model)},
        {
            "label": f"{model.title} on {spot.declaration.datasets[model.data].title}",
            "every": panel.every,
            "published": panel.published,
            "published_steps": panel.published_steps,
        },
    )


def _pixel_ranges(spot: Spot, panel: PixelRanges) -> Drawn:
    epoch = spot.declaration.models[panel.model].kept_epochs[-1]
    return Drawn(
        {"sample": checkpoint_name("sample", panel.model, epoch)},
        {"seed": spot.seed, "rows": panel.rows, "columns": panel.columns},
        spot.seed,
    )


def _ways(spot: Spot, panel: Ways) -> Drawn:
    inputs, options = _of_study(spot.declaration, panel)
    grid = {"seed": spot.seed, "rows": panel.rows, "columns": panel.columns}
    return Drawn(inputs, {**options, **grid}, spot.seed)


def _evaluation_cost(spot: Spot, panel: EvaluationCost) -> Drawn:
    return Drawn(*_of_study(spot.declaration, panel))


def _guide_accuracy(spot: Spot, panel: GuideAccuracy) -> Drawn:
    label = spot.declaration.guides[panel.guide].title
    return Drawn({"guide": guide_name(panel.guide)}, {"label": label})


def _guidance_curve(spot: Spot, panel: GuidanceCurve) -> Drawn:
    scales = sorted(spot.declaration.guides[panel.guide].guidance_scales)
    return Drawn(_of_guide(panel.guide, scales), {"guidance_scales": [*scales]})


def _guidance_grid(spot: Spot, panel: GuidanceGrid) -> Drawn:
    """A row a scale, a column a class."""
    scales = shown_scales(panel, spot.declaration.guides[panel.guide])
    grid = {"seed": spot.seed, "rows": 1, "columns": CLASSES}
    return Drawn(_of_guide(panel.guide, scales), {"guidance_scales": [*scales], **grid}, spot.seed)


def _of_study(
    declaration: Declaration, panel: Ways | EvaluationCost
) -> tuple[dict[str, str], dict[str, JSON]]:
    """Inputs and params that show each way of a study."""
    study = declaration.studies[panel.study]
    model = declaration.models[study.model]
    assert isinstance(model, GenerativeModel)
    inputs = {f"way_{i}": way_name(study.model, model, way) for i, way in enumerate(study.ways)}
    return inputs, {
        "labels": [way_title(model, way) for way in study.ways],
        "label_classes": model.is_class_conditioned,
    }


def _of_guide(guide: str, scales: list[float]) -> dict[str, str]:
    """Inputs that show both guidances at each of `scales`."""
    return {
        f"{role}_{i}": guided_name(guide, guidance, scale)
        for role, guidance in (("by_classifier", "classifier"), ("classifier_free",) * 2)
        for i, scale in enumerate(scales)
    }


_DRAWN: dict[type[AnnotatedPanel], Callable[[Spot, Any], Drawn]] = {
    SchedulesPanel: _schedules,
    SignalToNoise: _schedules,
    ForwardStrip: _forward_strip,
    NetworkSummary: _network_summary,
    ReportedLoss: _reported_loss,
    PixelRanges: _pixel_ranges,
    Ways: _ways,
    EvaluationCost: _evaluation_cost,
    GuideAccuracy: _guide_accuracy,
    GuidanceCurve: _guidance_curve,
    GuidanceGrid: _guidance_grid,
}
