"""What a run records of itself, and the report is built from: figures, captions, nodes, keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flows.declaration import Declaration
from flows.declaration.figures import panel_id
from flows.expand import figures_of
from flows.expand.captions import caption
from flows.expand.figure_nodes import figure_name, panel_title
from tasks.store.node import JSON, Node

LAYOUT_SCHEMA = 1


def build_layout(
    declaration: Declaration,
    pipeline: str,
    profile: str,
    nodes: Iterable[tuple[Node, str, bool]],
    overrides: Sequence[str],
    device: str,
    number_format: str,
) -> dict[str, JSON]:
    """nodes: each with its key, and whether the store holds it already.

    A run adds run_id, started_at, finished_at, seconds, host, versions, git_commit, git_dirty, and
    to each node what became of it.
    """
    nodes = list(nodes)
    keys = {node.name: key for node, key, _ in nodes}
    return {
        "schema": LAYOUT_SCHEMA,
        "pipeline": pipeline,
        "title": declaration.pipelines[pipeline].title,
        "profile": {"name": profile, "title": declaration.profiles[profile].title},
        "device": device,
        "number_format": number_format,
        "overrides": list(overrides),
        "datasets": {
            name: dataset.title
            for name, dataset in declaration.datasets.items()
            if f"data/{name}" in keys
        },
        "figures": [
            _figure(declaration, figure_id, keys) for figure_id in figures_of(declaration, pipeline)
        ],
        "nodes": [
            {
                "name": node.name,
                "kind": node.kind,
                "key": key,
                "status": "cached" if is_held else "skipped",
                "error": None,
                "seconds": 0.0,
                "inputs": dict(node.inputs),
            }
            for node, key, is_held in nodes
        ],
        "tables": [
            {"node": node.name, "key": key} for node, key, _ in nodes if node.kind == "table"
        ],
    }


def _figure(declaration: Declaration, figure_id: str, keys: Mapping[str, str]) -> dict[str, JSON]:
    figure = declaration.figures[figure_id]
    return {
        "id": figure_id,
        "section": figure.section,
        "title": figure.title,
        "seed": figure.seed,
        "panels": [
            {
                "id": panel_id(panel),
                "plot": panel.plot,
                "title": panel_title(panel),
                "caption": caption(declaration, panel, figure.seed),
                "node": figure_name(figure_id, panel),
                "key": keys[figure_name(figure_id, panel)],
            }
            for panel in figure.panels
        ],
    }
