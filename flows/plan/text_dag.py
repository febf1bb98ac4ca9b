"""The nodes of a run as plain text, stage by stage, for places that draw no graphs."""

from __future__ import annotations

from collections.abc import Sequence

from flows.plan.plan import PlannedNode
from flows.run.run import Run, stage_of
from tasks.running.kinds import STAGES

MARKS = {"done": "+", "cached": "=", "failed": "x", "skipped": "-"}
LEGEND = "+ done  = cached  x failed  - skipped  <- made from"

MAX_NODES = 12
"""Of one stage; what a run changed comes before what it found."""


def text_dag(run: Run) -> str:
    """A line for each node, with what became of it and what it was made from."""
    blocks = []
    for stage in STAGES:
        nodes = [node for node in run.plan.nodes if stage_of(node) == stage]
        if nodes:
            blocks.append("\n".join([stage, *_lines(run, nodes)]))
    return "\n\n".join([*blocks, LEGEND])


def _lines(run: Run, nodes: Sequence[PlannedNode]) -> list[str]:
    # Stable, so that inputs stay before what is made from them.
    ordered = sorted(nodes, key=lambda node: run.outcome(node).status == "cached")
    shown = ordered[:MAX_NODES]
    width = max(len(node.name) for node in shown)
    lines = [
        f"  {MARKS[run.outcome(node).status]} {node.name:<{width}}{_inputs(node)}".rstrip()
        for node in shown
    ]
    if len(nodes) > len(shown):
        lines.append(f"  ... and {len(nodes) - len(shown)} more")
    return lines


def _inputs(node: PlannedNode) -> str:
    names = list(dict.fromkeys(node.node.inputs.values()))
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"  <- {names[0]}{more}"
