"""`darkroom explain`: what decides a node's key, against the nearest row that the store holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flows.declaration.nearest import nearest
from flows.plan.graph import upstream
from flows.plan.miss_reason import OTHER_INPUTS
from flows.plan.plan import Plan, PlannedNode
from tasks import BadInput
from tasks.store.node import JSON, Difference, Identity, differences, ingredients
from tasks.store.row import Row


@dataclass(frozen=True)
class ExplainedIngredient:
    """what: "parameter", "input", "code", "library", "number format" or "seed".

    before: its value in the nearest row, None if it has none. For an input, value and before are
    keys, node is its name and reason why it misses, empty if it is in the store.
    """

    what: str
    name: str
    value: JSON
    before: JSON
    is_changed: bool
    node: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Explanation:
    """nearest: the row compared with: that of the key itself if there is one, else the earlier row
    that differs least, else None. nearest_has_other_name: there is none of this node's name.
    causes: nodes above it that miss for a reason of their own, with the reason."""

    planned: PlannedNode
    plan: Plan
    nearest: Row | None
    nearest_has_other_name: bool
    ingredients: list[ExplainedIngredient] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)


def explain_node(plan: Plan, name: str, rows: Iterable[Row]) -> Explanation:
    """rows: of the store. BadInput if the plan has no such node."""
    planned = plan.by_name.get(name)
    if planned is None:
        near = nearest(name, plan.by_name)
        hint = f"nearest: {', '.join(near)}" if near else "see `darkroom plan` for the names"
        raise BadInput(f"{plan.pipeline} has no node {name!r}; {hint}")
    row = planned.row or _nearest_row(planned, rows)
    return Explanation(
        planned=planned,
        plan=plan,
        nearest=row,
        nearest_has_other_name=row is not None and row.key != planned.key and row.name != name,
        ingredients=list(_compared(planned, plan, row)),
        causes=_causes(planned, plan),
    )


def _nearest_row(planned: PlannedNode, rows: Iterable[Row]) -> Row | None:
    """Of the node's name if there are any, else of its kind; least different, then newest."""
    of_kind = [row for row in rows if row.kind == planned.node.kind]
    candidates = [row for row in of_kind if row.name == planned.name] or of_kind
    distances = [
        (len(found), -row.created.timestamp(), row.key, row)
        for row in candidates
        if (found := _differences(row, planned.identity)) is not None
    ]
    return min(distances, default=(0, 0.0, "", None))[3]


def _compared(planned: PlannedNode, plan: Plan, row: Row | None) -> Iterator[ExplainedIngredient]:
    found = _differences(row, planned.identity) if row is not None else None
    changed = {(difference.what, difference.name): difference for difference in found or ()}
    for item in ingredients(planned.identity):
        difference = changed.pop((item.what, item.name), None)
        # Without a row to compare with, nothing is known to have been otherwise.
        before = item.value if difference is None else difference.before
        node = planned.node.inputs.get(item.name, "") if item.what == "input" else ""
        yield ExplainedIngredient(
            what=item.what,
            name=item.name,
            value=item.value,
            before=None if found is None else before,
            is_changed=difference is not None,
            node=node,
            reason=plan.by_name[node].reason if node else "",
        )
    # Those that only the earlier row has, or that were another kind of value there.
    for difference in changed.values():
        yield ExplainedIngredient(
            difference.what, difference.name, difference.after, difference.before, True
        )


def _differences(row: Row, wanted: Identity) -> list[Difference] | None:
    """None for a row whose identity another version of Darkroom wrote."""
    try:
        return list(differences(Identity.from_json(row.identity), wanted))
    except (ValueError, TypeError, AttributeError):
        return None


def _causes(planned: PlannedNode, plan: Plan) -> dict[str, str]:
    inputs = {node.name: list(node.node.inputs.values()) for node in plan.nodes}
    above = upstream([planned.name], inputs) - {planned.name}
    return {
        node.name: node.reason
        for node in plan.nodes
        if node.name in above and not node.is_hit and not _is_from_above(node, plan)
    }


def _is_from_above(node: PlannedNode, plan: Plan) -> bool:
    """It misses only because an input does."""
    if all(plan.by_name[name].is_hit for name in node.node.inputs.values()):
        return False
    phrases = node.reason.split(", ")
    return node.reason == OTHER_INPUTS or all(phrase.startswith("input ") for phrase in phrases)
