"""From a declaration to the nodes that make it: everything once, then one pipeline's part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from flows.claims.claim_nodes import claim_name, claim_nodes, writeups_of
from flows.declaration import Declaration
from flows.declaration.annotated_panels import AnnotatedPanel, ForwardStrip
from flows.declaration.figures import models_of
from flows.declaration.pocket_panels import PocketPanel
from flows.declaration.trajectory_panels import TrajectoryPanel
from flows.figures.annotated_nodes import annotated_nodes
from flows.figures.figure_nodes import figure_node
from flows.figures.shown_panels import node_names
from flows.figures.text_to_image.panel_nodes import panel_nodes
from flows.nodes.model_identity import ModelIdentities
from flows.nodes.model_nodes import classifier_node, data_node, model_nodes
from flows.nodes.pocket_nodes import pocket_figure_node, pocket_nodes
from flows.nodes.requests import gather_requests
from flows.nodes.study_nodes import study_nodes
from flows.nodes.trajectory_nodes import ModelPart, TrajectoryNodes
from flows.plan.graph import topological_order, upstream
from tasks.store.node import JSON, Node

TABLE_NAME = "table/metrics"
CLAIM_KINDS = ("similarity", "claim")
MEASURED_KINDS = ("train", "classifier", "guide", "denoise", "evaluate", "variant", "schedule")


def expand(
    declaration: Declaration,
    project_root: Path = Path(),
    model_part: ModelPart | None = None,
    figures: Collection[str] | None = None,
) -> list[Node]:
    """Every node of every data set, classifier, model and figure, inputs first.

    project_root: the folder of pipelines.yaml. model_part: what stands for the parts of the
    text-to-image model; None for those of the chosen backend in float32. figures: those whose
    text-to-image panels are wanted, since these read image files and the model's; None for all.

    Raises BadInput for a backend or image that cannot be used, and if the nodes need each other in
    a circle.
    """
    if model_part is None:
        model_part = ModelIdentities(declaration, project_root, "float32").of
    trajectories = TrajectoryNodes(declaration, project_root, model_part)
    drawn = list(_figure_nodes(declaration, trajectories, figures))
    of_pipelines = {name: figures_of(declaration, name) for name in declaration.pipelines}
    claims = list(claim_nodes(declaration, of_pipelines, drawn, trajectories, figures))
    pocket = list(pocket_nodes(declaration.pocket, project_root)) if declaration.pocket else []
    return topological_order(
        [*_model_nodes(declaration), *pocket, *trajectories.nodes(), *drawn, *claims]
    )


def expand_pipeline(declaration: Declaration, nodes: Sequence[Node], pipeline: str) -> list[Node]:
    """The part of `nodes` that a pipeline is made of, and its table of metrics, inputs first.

    That is what its figures need, every measurement of the models they show, and the claims of
    the write-ups whose figures it has.
    """
    figures = figures_of(declaration, pipeline)
    shown = {
        model
        for figure_id in figures
        for panel in declaration.figures[figure_id].panels
        for model in models_of(panel)
    }
    wanted = [
        name
        for figure_id in figures
        for panel in declaration.figures[figure_id].panels
        for name in node_names(figure_id, panel)
    ]
    wanted += [
        node.name
        for node in nodes
        if node.kind in ("denoise", "evaluate") and _model_of(node) in shown
    ]
    of_pipelines = {name: figures_of(declaration, name) for name in declaration.pipelines}
    checked = tuple(
        claim_name(writeup, "") for writeup in writeups_of(declaration, of_pipelines, pipeline)
    )
    wanted += [node.name for node in nodes if node.name.startswith(checked)]
    needed = upstream(wanted, {node.name: list(node.inputs.values()) for node in nodes})
    # Figures in the pipeline's own reading order; all else in the order of the declaration.
    place = {name: index for index, name in enumerate(wanted)}
    drawn = [node for node in nodes if node.name in needed and node.kind == "figure"]
    claims = [node for node in nodes if node.name in needed and node.kind in CLAIM_KINDS]
    others = [
        node for node in nodes if node.name in needed and node.kind not in ("figure", *CLAIM_KINDS)
    ]
    drawn.sort(key=lambda node: place[node.name])
    measured = [node for node in others if node.kind in MEASURED_KINDS]
    return [*others, *drawn, *claims, _table_node(measured)]


def figures_of(declaration: Declaration, pipeline: str) -> list[str]:
    """Ids of a pipeline's figures in reading order, each once."""
    return list(
        dict.fromkeys(
            figure_id
            for glob in declaration.pipelines[pipeline].figures
            for figure_id in declaration.figures
            if fnmatchcase(figure_id, glob)
        )
    )


def _model_nodes(declaration: Declaration) -> Iterator[Node]:
    for name in declaration.datasets:
        yield data_node(declaration, name)
    for name in declaration.classifiers:
        yield classifier_node(declaration, name)
    requests = gather_requests(declaration)
    for name in declaration.models:
        yield from model_nodes(declaration, name, requests)
    yield from study_nodes(declaration)


def _figure_nodes(
    declaration: Declaration, trajectories: TrajectoryNodes, figures: Collection[str] | None
) -> Iterator[Node]:
    """Those that draw, in the order of the declaration; `trajectories` takes what some need."""
    for figure_id, figure in declaration.figures.items():
        for panel in figure.panels:
            if isinstance(panel, PocketPanel):
                yield pocket_figure_node(figure_id, panel)
            elif isinstance(panel, AnnotatedPanel):
                # As with text-to-image panels, the file of an image is read only where it is shown.
                if not isinstance(panel, ForwardStrip) or figures is None or figure_id in figures:
                    image = trajectories.image
                    yield from annotated_nodes(declaration, figure_id, figure, panel, image)
            elif not isinstance(panel, TrajectoryPanel):
                yield figure_node(declaration, figure_id, figure, panel)
            elif figures is None or figure_id in figures:
                yield from panel_nodes(trajectories, figure_id, figure, panel)


def _model_of(node: Node) -> str:
    return node.name.split("/")[1]


def _table_node(measured: Sequence[Node]) -> Node:
    rows = [_table_row(node) for node in measured]
    inputs = {node.name: node.name for node in measured}
    return Node(TABLE_NAME, "table", {"rows": rows}, inputs)


def _table_row(node: Node) -> dict[str, JSON]:
    """epoch: of the checkpoint, or the last trained. epoch and guidance_scale are null where there
    is none."""
    is_sampled = node.kind in ("evaluate", "variant")
    scale = node.params["sampler"]["guidance_scale"] if is_sampled else None
    epoch = node.params.get("epoch", node.params.get("epochs"))
    return {"node": node.name, "model": _model_of(node), "epoch": epoch, "guidance_scale": scale}
