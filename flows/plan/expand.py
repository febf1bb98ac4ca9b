"""From a declaration to the nodes that make it: everything once, then one pipeline's part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from flows.claims.claim_nodes import claim_name, claim_nodes, writeups_of
from flows.declaration import Declaration
from flows.figures.panel import Place, Spot
from flows.nodes.model_identity import ModelIdentities
from flows.nodes.model_nodes import classifier_node, data_node, model_nodes
from flows.nodes.pocket_nodes import pocket_nodes
from flows.nodes.requests import Requests
from flows.nodes.study_nodes import study_nodes
from flows.nodes.trajectory_nodes import ModelPart, TrajectoryNodes
from flows.plan.graph import topological_order, upstream
from tasks.store.node import JSON, Node

TABLE_NAME = "table/metrics"
CLAIM_KINDS = ("similarity", "claim", "listing")
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


def expand_pipeline(
    declaration: Declaration,
    nodes: Sequence[Node],
    pipeline: str,
    named: Sequence[str] = (),
) -> list[Node]:
    """The part of `nodes` that a pipeline is made of, and its table of metrics, inputs first.

    That is what its figures need, every measurement of the models they show, the claims of the
    write-ups whose figures it has, and nodes that its text names.
    """
    panels = [
        (figure_id, panel)
        for figure_id in figures_of(declaration, pipeline)
        for panel in Place(declaration, figure_id).panels()
    ]
    shown = {model for _, panel in panels for model in panel.models_shown()}
    wanted = [
        f"figure/{figure_id}/{drawn_id}"
        for figure_id, panel in panels
        for drawn_id in panel.drawn_ids()
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
    wanted += named
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
    declared = declaration.pipelines[pipeline]
    globs = [glob for name in declared.pipelines for glob in declaration.pipelines[name].figures]
    return list(
        dict.fromkeys(
            figure_id
            for glob in [*declared.figures, *globs]
            for figure_id in declaration.figures
            if fnmatchcase(figure_id, glob)
        )
    )


def _model_nodes(declaration: Declaration) -> Iterator[Node]:
    for name in declaration.datasets:
        yield data_node(declaration, name)
    for name in declaration.classifiers:
        yield classifier_node(declaration, name)
    requests = Requests()
    for figure_id in declaration.figures:
        place = Place(declaration, figure_id)
        for panel in place.panels():
            panel.ask(requests, place)
    for name in declaration.models:
        yield from model_nodes(declaration, name, requests)
    yield from study_nodes(declaration, requests)


def _figure_nodes(
    declaration: Declaration, trajectories: TrajectoryNodes, figures: Collection[str] | None
) -> Iterator[Node]:
    """Those that draw, in the order of the declaration; `trajectories` takes what some need."""
    for figure_id in declaration.figures:
        is_wanted = figures is None or figure_id in figures
        for panel in Place(declaration, figure_id).panels():
            if is_wanted or not panel.reads_files:
                yield from panel.draw(Spot(declaration, figure_id, panel, trajectories))


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
