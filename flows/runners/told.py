"""What becomes of steps in other processes, told here: their own events stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.plan.plan import PlannedNode
from flows.run.batches import batch_name
from flows.run.node_outcome import NodeOutcome
from tasks.running.progress import BUS, Event, What

_WHAT: dict[str, What] = {
    "done": "finished",
    "cached": "cached",
    "failed": "failed",
    "skipped": "failed",
}


def tell_started(nodes: Sequence[PlannedNode]) -> None:
    """One node, or those of a batch. What the store holds does not start."""
    if all(node.is_hit for node in nodes):
        return
    members = tuple(node.name for node in nodes) if len(nodes) > 1 else ()
    BUS.publish(Event(batch_name(nodes), nodes[0].node.kind, "started", members=members))


def tell_ended(nodes: Sequence[PlannedNode], outcomes: Mapping[str, NodeOutcome]) -> None:
    """By name, how each of the same nodes ended."""
    batch = batch_name(nodes) if len(nodes) > 1 else ""
    for node in nodes:
        outcome = outcomes[node.name]
        is_told = batch if outcome.status == "done" else ""
        BUS.publish(
            Event(
                node.name,
                node.node.kind,
                _WHAT[outcome.status],
                message=outcome.error or "",
                seconds=outcome.seconds,
                batch=is_told,
            )
        )
    if batch:
        done = [outcomes[node.name] for node in nodes if outcomes[node.name].status == "done"]
        members = tuple(node.name for node in nodes)
        seconds = sum(outcome.seconds for outcome in done)
        what: What = "finished" if done else "failed"
        kind = nodes[0].node.kind
        BUS.publish(Event(batch, kind, what, seconds=seconds, members=members))
