"""`darkroom explain`: what decides a node's key, against the nearest row that the store holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.declaration.problems import nearest
from flows.plan.graph import upstream
from flows.plan.keys import OTHER_INPUTS, value_text
from flows.plan.plan import Plan, PlannedNode
from flows.plan.show_plan import format_seconds
from flows.plan.tables import print_table, say
from flows.upkeep.show import SHORT_ID, moment
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


def explanation_to_json(explanation: Explanation) -> dict[str, Any]:
    planned, row = explanation.planned, explanation.nearest
    return {
        "node": planned.name,
        "kind": planned.node.kind,
        "pipeline": explanation.plan.pipeline,
        "profile": explanation.plan.profile,
        "key": planned.key,
        "status": planned.status,
        "reason": planned.reason,
        "nearest": _row_to_json(row) if row is not None else None,
        "ingredients": [asdict(ingredient) for ingredient in explanation.ingredients],
        "causes": explanation.causes,
    }


def print_explanation(explanation: Explanation, console: Console) -> None:
    planned, row = explanation.planned, explanation.nearest
    status = "cached" if planned.is_hit else f"to make: {planned.reason}"
    say(console, f"{planned.name}: {status}", "green" if planned.is_hit else "yellow")
    say(console, f"key {planned.key}")
    if row is None:
        say(console, "The store holds nothing of its kind to compare with.")
    else:
        what = "made" if row.key == planned.key else "compared with the nearest earlier one, made"
        name = f" as {row.name}" if explanation.nearest_has_other_name else ""
        say(
            console,
            f"{what}{name} by run {row.run_id[:SHORT_ID]} on {moment(row.created_at)} in "
            f"{format_seconds(row.seconds)} (key {row.key[:SHORT_ID]})",
        )
    say(console, "")
    print_table(
        console,
        ("ingredient", "now", "before", ""),
        (_cells(ingredient, row is not None) for ingredient in explanation.ingredients),
    )
    if explanation.causes:
        say(console, "\nWhat above it is to be made for a reason of its own", "bold")
        print_table(console, ("node", "why"), explanation.causes.items())


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


def _row_to_json(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "run_id": row.run_id,
        "created_at": row.created_at,
        "seconds": row.seconds,
        "device": row.device,
        "git_commit": row.git_commit,
        "git_dirty": row.git_dirty,
        "versions": dict(row.versions),
    }


def _cells(ingredient: ExplainedIngredient, is_compared: bool) -> tuple[str | Text, ...]:
    is_input = ingredient.what == "input"
    name = " ".join(part for part in (ingredient.what, ingredient.name) if part)
    now, before = (
        value[:SHORT_ID] if is_input and isinstance(value, str) else value_text(value)
        for value in (ingredient.value, ingredient.before)
    )
    note = f"{ingredient.node}: {ingredient.reason or 'cached'}" if ingredient.node else ""
    if not is_compared:
        return name, now, "", note
    if ingredient.is_changed:
        changed = f"changed; {note}" if note else "changed"
        return name, Text(now, style="yellow"), before, Text(changed, style="yellow")
    return name, now, before, note
