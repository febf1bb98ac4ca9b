"""Order and reach in the graph of nodes."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping

from tasks import BadInput
from tasks.store.node import Node


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


def upstream(names: Iterable[str], inputs: Mapping[str, Collection[str]]) -> set[str]:
    """`names` and everything they need. inputs: node to the nodes that feed it."""
    reached: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached.add(name)
            open_names.extend(inputs[name])
    return reached


def downstream(names: Iterable[str], inputs: Mapping[str, Collection[str]]) -> set[str]:
    """`names` and everything that needs them. inputs: node to the nodes that feed it."""
    fed: dict[str, list[str]] = {name: [] for name in inputs}
    for name, sources in inputs.items():
        for source in sources:
            fed[source].append(name)
    return upstream(names, fed)
