"""The graph of nodes: order, reach, and which of them a run does."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from flows.declaration.problems import nearest
from tasks import BadInput
from tasks.store.node import Node

Inputs = Mapping[str, Collection[str]]
"""Node name to the names of the nodes that feed it."""


def topological_order(nodes: Iterable[Node]) -> list[Node]:
    """Inputs before what they feed; otherwise in the order given. Linear but for a heap.

    Raises BadInput for two nodes of one name, an input that is not a node, and a cycle.
    """
    given = list(nodes)
    position = {node.name: index for index, node in enumerate(given)}
    if len(position) < len(given):
        names = [node.name for node in given]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"two nodes are called {twice}; rename one of what they are declared from")
    waiting = {node.name: len(set(node.inputs.values())) for node in given}
    fed: dict[str, list[str]] = {node.name: [] for node in given}
    for node in given:
        for name in set(node.inputs.values()):
            if name not in position:
                raise BadInput(f"{node.name} takes {name}, which is not a node")
            fed[name].append(node.name)

    ready = [position[name] for name, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Node] = []
    while ready:
        node = given[heapq.heappop(ready)]
        ordered.append(node)
        for name in fed[node.name]:
            waiting[name] -= 1
            if waiting[name] == 0:
                heapq.heappush(ready, position[name])
    if len(ordered) < len(given):
        stuck = {name for name, count in waiting.items() if count > 0}
        raise BadInput(f"nodes need each other in a circle: {' -> '.join(_cycle(given, stuck))}")
    return ordered


def _cycle(nodes: list[Node], stuck: Collection[str]) -> list[str]:
    """One circle among the nodes that could not be ordered, each name feeding the next."""
    inputs = {node.name: list(node.inputs.values()) for node in nodes}
    trail: list[str] = []
    name = min(stuck)
    while name not in trail:
        trail.append(name)
        name = next(other for other in inputs[name] if other in stuck)
    circle = trail[trail.index(name) :][::-1]
    first = circle.index(min(circle))
    return [*circle[first:], *circle[:first], circle[first]]


def upstream(names: Iterable[str], inputs: Inputs) -> set[str]:
    """`names` and everything they need."""
    reached: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached.add(name)
            open_names.extend(inputs[name])
    return reached


def downstream(names: Iterable[str], inputs: Inputs) -> set[str]:
    """`names` and everything that needs them."""
    fed: dict[str, list[str]] = {name: [] for name in inputs}
    for name, sources in inputs.items():
        for source in sources:
            fed[source].append(name)
    return upstream(names, fed)


def select_nodes(
    inputs: Inputs,
    *,
    only: Sequence[str] = (),
    from_: Sequence[str] = (),
    until: Sequence[str] = (),
) -> set[str]:
    """The nodes that --only, --from and --until ask for, globs on names: those that satisfy every
    option given; all if none is.

    only: nodes that match. from_: nodes that match and everything below them. until: nodes that
    match and everything above them. Raises BadInput for a glob that matches nothing, and when no
    node satisfies all.
    """
    selected = set(inputs)
    if only:
        selected &= _matching(inputs, only, "--only")
    if from_:
        selected &= downstream(_matching(inputs, from_, "--from"), inputs)
    if until:
        selected &= upstream(_matching(inputs, until, "--until"), inputs)
    if not selected:
        raise BadInput("no node satisfies --only, --from and --until at once; drop one of them")
    return selected


def add_missing_inputs(selected: set[str], missing: Collection[str], inputs: Inputs) -> set[str]:
    """`selected`, and what its missing nodes need that is missing too."""
    complete = set(selected)
    open_names = [name for name in selected if name in missing]
    while open_names:
        for source in inputs[open_names.pop()]:
            if source in missing and source not in complete:
                complete.add(source)
                open_names.append(source)
    return complete


def _matching(inputs: Inputs, globs: Sequence[str], option: str) -> set[str]:
    found: set[str] = set()
    for glob in globs:
        matches = {name for name in inputs if fnmatchcase(name, glob)}
        if not matches:
            near = nearest(glob.replace("*", ""), inputs)
            hint = f"nearest: {', '.join(near)}" if near else "see darkroom plan for the names"
            raise BadInput(f"{option} {glob}: matches no node; {hint}")
        found |= matches
    return found
