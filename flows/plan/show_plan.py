"""The plan as a table for people and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.plan.plan import Plan, PlannedNode
from flows.plan.tables import print_table, say
from tasks.store.node import JSON

if TYPE_CHECKING:
    from rich.console import Console


def plan_to_json(plan: Plan) -> dict[str, JSON]:
    """Plain values: the plan's settings, its nodes in order, and totals."""
    return {
        "pipeline": plan.pipeline,
        "profile": plan.profile,
        "device": plan.device,
        "number_format": plan.number_format,
        "overrides": plan.overrides,
        "nodes": [
            {
                "name": planned.name,
                "kind": planned.node.kind,
                "key": planned.key,
                "status": planned.status,
                "reason": planned.reason,
                "seconds": planned.seconds,
                "inputs": dict(planned.node.inputs),
                "selected": planned.name in plan.selected,
            }
            for planned in plan.nodes
        ],
        "hits": len(plan.hits),
        "misses": len(plan.misses),
        "predicted_seconds": plan.predicted_seconds,
        "unknown_durations": plan.unknown_durations,
        "problems": plan.problems,
    }


def print_plan(plan: Plan, console: Console) -> None:
    """One line a selected node, then the totals."""
    from rich.text import Text

    print_table(
        console,
        ("node", "", "why", "time"),
        [
            (
                planned.name,
                Text("cached", style="green") if planned.is_hit else Text("make", style="yellow"),
                planned.reason,
                "" if planned.is_hit else _time_of(planned),
            )
            for planned in plan.nodes
            if planned.name in plan.selected
        ],
        keep=2,
        right=["time"],
    )
    for problem in plan.problems:
        say(console, problem, "red")
    say(console, summary(plan))


def summary(plan: Plan) -> str:
    """One sentence: what is cached, what is to make, and how long that takes."""
    head = f"{plan.pipeline} ({plan.profile}, {plan.device}, {plan.number_format}): "
    if not plan.misses:
        return f"{head}all {len(plan.hits)} nodes are cached; nothing to do."
    text = f"{head}{len(plan.hits)} cached, {len(plan.misses)} to make"
    unknown = plan.unknown_durations
    if unknown == len(plan.misses):
        return f"{text}; no time is known yet."
    text += f", about {format_seconds(plan.predicted_seconds)}"
    return f"{text}, and {unknown} not timed before." if unknown else f"{text}."


def format_seconds(seconds: float) -> str:
    """A duration as people read it: 0.4 s, 12 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _time_of(planned: PlannedNode) -> str:
    return "?" if planned.seconds is None else format_seconds(planned.seconds)
