"""Which nodes go together, and what their batch is called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flows.plan.plan import PlannedNode
from tasks.running.kinds import KINDS
from tasks.store.node import canonical_json

MAX_FIGURES = 3
"""Named in the name of a batch; the rest is counted."""


@dataclass(frozen=True)
class Together:
    """Nodes that are equal in this may be computed by one call. limit: at most so many."""

    kind: str
    model: str
    limit: int

    def size_for(self, ready: int, devices: int = 1) -> int:
        """How many of `ready` nodes go into the next batch, so that all are about as large.

        devices: that wait for one each.
        """
        return math.ceil(ready / max(devices, math.ceil(ready / self.limit)))


def together(node: PlannedNode) -> Together | None:
    """With what `node` can be computed; None for one that goes alone.

    A node that the store holds goes alone too: nothing is computed, and it is shown as cached.
    """
    kind = KINDS[node.node.kind]
    if kind.batch_function is None or node.is_hit:
        return None
    return Together(node.node.kind, canonical_json(node.node.params.get("model")), kind.batch_limit)


def batch_name(nodes: Sequence[PlannedNode]) -> str:
    """Such as "3 x trajectory: w1-steps, w1-sdedit"; of one node, its own name."""
    if len(nodes) == 1:
        return nodes[0].name
    name = f"{len(nodes)} x {nodes[0].node.kind}"
    # Nodes that belong to a figure are called <kind>/<figure>/<panel>/<label>.
    parts = [node.name.split("/") for node in nodes]
    figures = list(dict.fromkeys(part[1] for part in parts if len(part) > 2))
    if not figures:
        return name
    more = f" and {len(figures) - MAX_FIGURES} more" if len(figures) > MAX_FIGURES else ""
    return f"{name}: {', '.join(figures[:MAX_FIGURES])}{more}"
