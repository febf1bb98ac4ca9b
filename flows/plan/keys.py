"""Keys of nodes: what each node's artifact depends on, and why the store has none of that key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flows.plan.environment import library_version
from tasks.running.kinds import KINDS
from tasks.store.node import Difference, Identity, Node, differences

# Steps that do not run on the accelerator give the same bytes whatever its number format.
HOST_FORMAT = "float32"

MAX_DIFFERENCES = 3
MAX_VALUE_LENGTH = 40
MAX_COMPARED = 10

NEVER_MADE = "never made"
FORCED = "forced"
OTHER_INPUTS = "an input was made again and came out otherwise"
OTHER_VERSION = "recorded by another version of Darkroom"


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


def explain_miss(wanted: Identity, recorded: Sequence[str]) -> str:
    """One phrase, such as "epochs 5 -> 3" or "input model changed".

    recorded: canonical JSON of the identities of earlier artifacts of this node, newest first. The
    one that differs least explains best: profiles take turns, and each is near its own last run.
    """
    nearest: list[str] | None = None
    for text in recorded[:MAX_COMPARED]:
        try:
            phrases = [_phrase(each) for each in differences(Identity.from_json(text), wanted)]
        except (ValueError, TypeError, AttributeError):
            phrases = [OTHER_VERSION]
        if phrases and (nearest is None or len(phrases) < len(nearest)):
            nearest = phrases
    if nearest is None:
        return NEVER_MADE
    shown = nearest[:MAX_DIFFERENCES]
    if len(nearest) > len(shown):
        shown.append(f"and {len(nearest) - len(shown)} more")
    return ", ".join(shown)


def _phrase(difference: Difference) -> str:
    what, before, after = difference.what, difference.before, difference.after
    if what == "input":
        change = "added" if before is None else "removed" if after is None else "changed"
        return f"input {difference.name} {change}"
    name = f"code of {difference.name}" if what == "code" else difference.name or what
    texts = value_text(before), value_text(after)
    if what == "parameter" and max(map(len, texts)) > MAX_VALUE_LENGTH:
        return f"{name} changed"
    return f"{name} {texts[0]} -> {texts[1]}"


def value_text(value: Any) -> str:
    """As plans show it: text as it stands, everything else as JSON."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
