"""Nodes as they are wanted, each once: what two figures want alike is one node, under the name
that the first gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.store.node import JSON, Node, canonical_json


class NodeBook:
    """Filled by name, read in the order of first wishes."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._names: dict[str, str] = {}
        self._alike: dict[str, list[str]] = {}
        """Trajectories that differ only in the snapshots they keep."""

    def add(self, node: Node) -> str:
        """The name of the node that does the same, which is `node` if there is none yet."""
        content = _content(node, node.params)
        if content not in self._names:
            self._names[content] = self._put(node)
        return self._names[content]

    def add_trajectory(self, node: Node) -> str:
        """The same for a trajectory, which keeps snapshots for whoever wants some.

        One that wants none takes any; two that want different ones stay apart, since each draws
        all that it finds.
        """
        wanted = node.params["snapshots"]
        alike = self._alike.setdefault(_content(node, {**node.params, "snapshots": []}), [])
        for name in alike:
            if not wanted or self._nodes[name].params["snapshots"] == wanted:
                return name
        for name in alike:
            kept = self._nodes[name]
            if not kept.params["snapshots"]:
                self._nodes[name] = replace(kept, params={**kept.params, "snapshots": wanted})
                return name
        alike.append(self._put(node))
        return alike[-1]

    def node(self, name: str) -> Node:
        """KeyError if there is none of that name."""
        return self._nodes[name]

    def nodes(self) -> list[Node]:
        return list(self._nodes.values())

    def _put(self, node: Node) -> str:
        name, number = node.name, 1
        while name in self._nodes:
            number += 1
            name = f"{node.name}-{number}"
        self._nodes[name] = replace(node, name=name)
        return name


def _content(node: Node, params: Mapping[str, JSON]) -> str:
    return canonical_json([node.kind, params, node.inputs, node.seed])
