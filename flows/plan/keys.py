"""Keys of nodes: what each node's artifact depends on, named and hashed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flows.plan.environment import library_version
from tasks.running.kinds import KINDS
from tasks.store.node import Identity, Node

# Steps that do not run on the accelerator give the same bytes whatever its number format.
HOST_FORMAT = "float32"


@dataclass(frozen=True)
class KeyedNode:
    node: Node
    identity: Identity
    key: str


def key_nodes(
    nodes: Iterable[Node], number_format: str, known: Iterable[KeyedNode] = ()
) -> list[KeyedNode]:
    """`nodes` with their keys. Inputs must come first; linear in nodes and inputs.

    known: nodes keyed before, in the same number format, which are not keyed again.
    """
    found = {item.node.name: item for item in known}
    libraries: dict[str, dict[str, str]] = {}
    keyed: list[KeyedNode] = []
    for node in nodes:
        item = found.get(node.name)
        if item is None or item.node is not node:
            kind = KINDS[node.kind]
            if node.kind not in libraries:
                libraries[node.kind] = {name: library_version(name) for name in kind.libraries}
            identity = Identity(
                kind=node.kind,
                code_version=kind.code_version,
                params=node.params,
                inputs={role: found[name].key for role, name in node.inputs.items()},
                seed=node.seed,
                number_format=number_format if kind.uses_accelerator else HOST_FORMAT,
                libraries=libraries[node.kind],
            )
            item = found[node.name] = KeyedNode(node, identity, identity.key)
        keyed.append(item)
    return keyed
