"""Keys of nodes: what each node's artifact depends on, named and hashed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flows.environment import library_version
from tasks.kinds import KINDS
from tasks.store.node import Identity, Node

# Steps that do not run on the accelerator give the same bytes whatever its number format.
HOST_FORMAT = "float32"


@dataclass(frozen=True)
class KeyedNode:
    node: Node
    identity: Identity
    key: str


def key_nodes(nodes: Iterable[Node], number_format: str) -> list[KeyedNode]:
    """`nodes` with their keys. Inputs must come first; linear in nodes and inputs."""
    keys: dict[str, str] = {}
    keyed: list[KeyedNode] = []
    for node in nodes:
        kind = KINDS[node.kind]
        identity = Identity(
            kind=node.kind,
            code_version=kind.code_version,
            params=node.params,
            inputs={role: keys[name] for role, name in node.inputs.items()},
            seed=node.seed,
            number_format=number_format if kind.uses_accelerator else HOST_FORMAT,
            libraries={name: library_version(name) for name in kind.libraries},
        )
        keys[node.name] = identity.key
        keyed.append(KeyedNode(node, identity, keys[node.name]))
    return keyed
