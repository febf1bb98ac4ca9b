"""What a run records of itself, and the report is built from: figures, captions, nodes, keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flows.declaration import Declaration
from flows.figures.panel import Place
from flows.plan.expand import figures_of
from flows.plan.text import PlannedText
from tasks.store.node import JSON, Node
from tasks.text_to_image.model_part import read_own_card

LAYOUT_SCHEMA = 1


def build_layout(
    declaration: Declaration,
    pipeline: str,
    profile: str,
    nodes: Iterable[tuple[Node, str, bool]],
    overrides: Sequence[str],
    device: str,
    number_format: str,
    project_root: Path,
    texts: Mapping[str, PlannedText],
    nodes_of: Mapping[str, Sequence[str]],
) -> dict[str, JSON]:
    """nodes: each with its key, and whether the store holds it already. project_root: the folder of
    pipelines.yaml, from where models are found. texts: of the pipeline and of those it runs as one.
    nodes_of: the latter to names of their nodes.

    A run adds run_id, started_at, finished_at, seconds, host, versions, git_commit, git_dirty, and
    to each node what became of it; and to claims the verdict of each: write-up to claim to verdict.
    """
    nodes = list(nodes)
    keys = {node.name: key for node, key, _ in nodes}
    parts = [
        {
            "pipeline": part,
            "title": declaration.pipelines[part].title,
            **_introduction(declaration, part),
            "figures": figures_of(declaration, part),
            "nodes": [name for name in names if name in keys],
            **_written(texts[part]),
        }
        for part, names in nodes_of.items()
    ]
    return {
        "schema": LAYOUT_SCHEMA,
        "pipeline": pipeline,
        "title": declaration.pipelines[pipeline].title,
        "profile": {"name": profile, "title": declaration.profiles[profile].title},
        "device": device,
        "number_format": number_format,
        "backend": _backend(declaration, nodes),
        "model_cards": _model_cards(nodes, project_root),
        "overrides": list(overrides),
        "datasets": {
            name: dataset.title
            for name, dataset in declaration.datasets.items()
            if f"data/{name}" in keys
        },
        **_introduction(declaration, pipeline),
        "figures": _figures(declaration, pipeline, keys),
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
        "claim_texts": [_claim(declaration, node) for node, _, _ in nodes if node.kind == "claim"],
        "claims": {},
        "tables": [
            {"node": node.name, "key": key} for node, key, _ in nodes if node.kind == "table"
        ],
        **_written(texts[pipeline]),
        **({"parts": parts} if parts else {}),
    }


def _introduction(declaration: Declaration, pipeline: str) -> dict[str, JSON]:
    declared = declaration.pipelines[pipeline]
    shown = {"summary": declared.summary, "lead": declared.lead}
    return {name: value for name, value in shown.items() if value is not None}


def _written(text: PlannedText) -> dict[str, JSON]:
    shown = {"numbers": text.numbers, "text": text.record}
    return {name: value for name, value in shown.items() if value}


def _claim(declaration: Declaration, node: Node) -> dict[str, JSON]:
    _, writeup, claim_id = node.name.split("/")
    claim = declaration.claims[node.params["claim"]]
    return {
        "id": claim_id,
        "writeup": writeup,
        "writeup_title": declaration.pipelines[writeup].title,
        "claim": claim.words,
        "holds_when": claim.holds_when,
        "node": node.name,
        "figures": list(node.params["figures"]),
    }


def _backend(
    declaration: Declaration, nodes: Iterable[tuple[Node, str, bool]]
) -> dict[str, JSON] | None:
    """The text-to-image model in use; None where no node uses one."""
    if declaration.backend is None or not any("model" in node.params for node, _, _ in nodes):
        return None
    backend = declaration.backends[declaration.backend]
    return {
        "name": declaration.backend,
        "title": backend.title,
        "stage_one": backend.stage_one,
        "stage_two": backend.stage_two,
    }


def _model_cards(nodes: Iterable[tuple[Node, str, bool]], project_root: Path) -> dict[str, JSON]:
    """Address of each model in use to what it says of itself; of those that say something."""
    models = [node.params.get("model") for node, _, _ in nodes]
    addresses = {str(model["address"]) for model in models if isinstance(model, Mapping)}
    cards = {address: read_own_card(address, project_root) for address in sorted(addresses)}
    return {address: card for address, card in cards.items() if card}


def _figures(declaration: Declaration, pipeline: str, keys: Mapping[str, str]) -> list[JSON]:
    ids = figures_of(declaration, pipeline)
    # A pipeline may hold others whole, as one of all write-ups does.
    parts: dict[str, str] = {}
    for other, declared in declaration.pipelines.items():
        held = figures_of(declaration, other)
        if set(held) < set(ids):
            parts |= {figure_id: declared.title for figure_id in held if figure_id not in parts}
    return [_figure(declaration, each, keys) | {"part": parts.get(each)} for each in ids]


def _figure(declaration: Declaration, figure_id: str, keys: Mapping[str, str]) -> dict[str, JSON]:
    place = Place(declaration, figure_id)
    figure = place.figure
    panels = []
    for panel in place.panels():
        for drawn_id, shown in zip(panel.drawn_ids(), panel.shown_as(place), strict=True):
            node = f"figure/{figure_id}/{drawn_id}"
            panels.append(
                {
                    "id": drawn_id,
                    "plot": shown.plot,
                    "title": shown.title,
                    "caption": shown.caption,
                    "node": node,
                    "key": keys[node],
                    "settings": [list(setting) for setting in shown.settings],
                }
            )
    return {
        "id": figure_id,
        "section": figure.section,
        "title": figure.title,
        "seed": figure.seed,
        "panels": panels,
    }
