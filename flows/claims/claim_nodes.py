"""Nodes that check what the write-ups claim, and those that ask the similarity model for them.

Which artifacts a claim is measured on is decided here, from the nodes that the write-up's figures
are drawn from; what is measured of them and when a claim holds, in tasks.claims.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from flows.claims.evidence import NodeName, NotShown, Pictures, WriteUp, gathers
from flows.declaration import Declaration
from flows.declaration.claims import Claim
from flows.nodes.trajectory_nodes import TrajectoryNodes
from tasks.store.node import JSON, Node

NO_SIMILARITY = "no similarity model is declared (similarity: in pipelines.yaml)"


def claim_name(writeup: str, claim_id: str) -> str:
    return f"claim/{writeup}/{claim_id}"


def claim_nodes(
    declaration: Declaration,
    figures_of: Mapping[str, Sequence[str]],
    drawn: Iterable[Node],
    trajectories: TrajectoryNodes,
    figures: Collection[str] | None,
) -> Iterator[Node]:
    """The nodes "claim/<write-up>/<claim>" and what only they need, in the order of the
    declaration, for every write-up that is expanded whole.

    figures_of: pipeline to ids of its figures. drawn: figure nodes. figures: those that were
    expanded, None for all. Further pictures that a claim needs are added to `trajectories`.
    """
    by_name = {node.name: node for node in drawn}
    for claim_id, claim in declaration.claims.items():
        if claim.statement is not None:
            continue
        for writeup in claim.writeups:
            if figures is None or set(figures_of[writeup]) <= set(figures):
                found = WriteUp(declaration, figures_of[writeup], by_name, trajectories, claim)
                yield from _claim_nodes(claim_id, writeup, found)


def own_claim_node(pipeline: str, claim_id: str, claim: Claim, figures: Sequence[str]) -> Node:
    """The node that checks a claim of the author's own. figures: it stands beside."""
    assert claim.comparison is not None
    nodes = dict.fromkeys(call.arguments[0] for call in claim.comparison.metrics)
    inputs = {f"input_{index}": name for index, name in enumerate(nodes)}
    roles = {name: role for role, name in inputs.items()}
    params: dict[str, JSON] = {
        "claim": claim_id,
        "figures": list(figures),
        "entries": [{"node": role, "name": name} for name, role in roles.items()],
        "missing": None,
        "compared": " ".join(claim.holds_when.split()),
    }
    return Node(claim_name(pipeline, claim_id), "claim", params, inputs)


def writeups_of(
    declaration: Declaration, figures_of: Mapping[str, Sequence[str]], pipeline: str
) -> list[str]:
    """The write-ups whose claims a pipeline checks: those whose figures it has, all of them."""
    figures = set(figures_of[pipeline])
    claimed = {
        name
        for claim in declaration.claims.values()
        if claim.statement is None
        for name in claim.writeups
    }
    return [
        name
        for name in declaration.pipelines
        if name in claimed and set(figures_of[name]) <= figures
    ]


def _claim_nodes(claim_id: str, writeup: str, found: WriteUp) -> list[Node]:
    """The node of a claim, after the one that asks the similarity model for it, if any."""
    name = claim_name(writeup, claim_id)
    params: dict[str, JSON] = {"claim": claim_id, "figures": [], "entries": [], "missing": None}
    try:
        evidence = gathers.all()[claim_id](found)
        if evidence.similarity is not None and found.declaration.similarity is None:
            raise NotShown(NO_SIMILARITY)
    except NotShown as error:
        return [Node(name, "claim", {**params, "missing": str(error)}, {})]
    entries, inputs = _with_roles(evidence.entries)
    figures = list(dict.fromkeys(shown.figure_id for shown in evidence.panels))
    params |= {"figures": figures, "entries": entries}
    seed = found.declaration.seeds.evaluation
    if evidence.similarity is None:
        return [Node(name, "claim", params, inputs, seed)]
    asked = _similarity_node(writeup, claim_id, evidence.similarity, found)
    node = Node(name, "claim", params, {**inputs, "similarity": asked.name}, seed)
    return [asked, node]


def _with_roles(
    entries: Sequence[Mapping[str, JSON]],
) -> tuple[list[dict[str, JSON]], dict[str, str]]:
    """The entries with roles where they name nodes, and the nodes by role."""
    roles: dict[str, str] = {}

    def changed(value: JSON) -> JSON:
        is_name = isinstance(value, NodeName)
        return roles.setdefault(str(value), f"input_{len(roles)}") if is_name else value

    named = [{field: changed(value) for field, value in entry.items()} for entry in entries]
    return named, {role: name for name, role in roles.items()}


def _similarity_node(writeup: str, claim_id: str, wanted: Pictures, found: WriteUp) -> Node:
    pictures, inputs = _with_roles(wanted.pictures)
    params: dict[str, JSON] = {
        "model": found.trajectories.similarity_model(),
        "pictures": pictures,
        "prompts": list(wanted.prompts),
    }
    work = float(len(pictures) + len(wanted.prompts))
    return Node(f"similarity/{writeup}/{claim_id}", "similarity", params, inputs, 0, work)
