"""Recording a plan's nodes as if they had been made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flows.declaration.read_declaration import DeclarationFile
from flows.plan.plan import Plan, PlannedNode, make_plan
from tasks.store.row import Row
from tasks.store.store import Store

HERE = {"device": "cpu", "number_format": "float32"}


def plan_of(file: DeclarationFile, store: Store | None, pipeline: str = "all", **options) -> Plan:
    """The plan of a pipeline under the default profile, on a CPU in float32."""
    return make_plan(file, pipeline, options.pop("profile", None), store, **{**HERE, **options})


def record(store: Store, planned: PlannedNode, **values: Any) -> Row:
    """One object and a row, as the node's step would leave them."""
    recorded = {
        "identity": planned.identity.to_json(),
        "params": dict(planned.node.params),
        "inputs": dict(planned.identity.inputs),
        "objects": {"image.png": store.put_object(planned.key.encode(), "png")},
        "work": planned.node.work,
        "seconds": 1.0,
        **HERE,
    }
    row = Row(key=planned.key, name=planned.name, kind=planned.node.kind, **(recorded | values))
    store.record(row)
    return row


def record_all(store: Store, nodes: Iterable[PlannedNode], **values: Any) -> None:
    for planned in nodes:
        record(store, planned, **values)


def misses(plan: Plan) -> set[str]:
    """Names of the nodes that are not in the store, selected or not."""
    return {planned.name for planned in plan.nodes if not planned.is_hit}


def reason(plan: Plan, name: str) -> str:
    return plan.by_name[name].reason
