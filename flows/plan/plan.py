"""The plan of a run: every node, whether the store holds it, and why not.

Made without torch or Prefect, in well under a second.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Literal

from flows.declaration.read_declaration import DeclarationFile
from flows.nodes.model_identity import ModelIdentities, model_number_format
from flows.plan.environment import resolve_device, resolve_number_format
from flows.plan.expand import expand, expand_pipeline, figures_of
from flows.plan.graph import add_missing_inputs, select_nodes
from flows.plan.keys import (
    FORCED,
    MAX_COMPARED,
    OTHER_INPUTS,
    KeyedNode,
    explain_miss,
    key_nodes,
)
from flows.plan.layout import build_layout
from flows.plan.text import plan_text
from tasks.running.kinds import KINDS
from tasks.store.node import JSON, Identity, Node
from tasks.store.row import Row, has_other_inputs
from tasks.store.rows import Rows
from tasks.store.store import Store

MAX_TIMED = 100
"""Newest rows of a kind from which its duration is foreseen."""

MAX_RATED = 9
"""Newest rows alike that count: enough to shrug off an outlier, few enough to follow a change."""


@dataclass(frozen=True)
class PlannedNode:
    """reason: why it is a miss, empty for a hit. row: what the store records under the key, whole
    or not. seconds: predicted, 0 for a hit, None where nothing like it was timed before."""

    node: Node
    identity: Identity
    key: str
    status: Literal["hit", "miss"]
    reason: str
    row: Row | None
    seconds: float | None
    is_forced: bool = False

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_hit(self) -> bool:
        return self.status == "hit"


@dataclass(frozen=True)
class Plan:
    """nodes: of the pipeline, inputs first. selected: names of those a run looks at.
    layout: what the run records for the report (flows.plan.layout). problems: what the store had to
    leave out, such as damaged parts of its manifest, each a sentence."""

    pipeline: str
    profile: str
    nodes: list[PlannedNode]
    selected: set[str]
    layout: dict[str, JSON]
    device: str
    number_format: str
    places: int = 1
    overrides: list[str] = field(default_factory=list)
    data_root: str | None = None
    problems: list[str] = field(default_factory=list)

    @cached_property
    def by_name(self) -> dict[str, PlannedNode]:
        return {planned.name: planned for planned in self.nodes}

    @property
    def misses(self) -> list[PlannedNode]:
        """What a run will make, inputs first."""
        return [n for n in self.nodes if not n.is_hit and n.name in self.selected]

    @property
    def hits(self) -> list[PlannedNode]:
        return [n for n in self.nodes if n.is_hit and n.name in self.selected]

    @property
    def predicted_seconds(self) -> float:
        """Of all misses whose time is known, as many at once as have a place on the device."""
        times = [planned.seconds or 0.0 for planned in self.misses]
        return max(sum(times) / self.places, max(times, default=0.0))

    @property
    def unknown_durations(self) -> int:
        """How many misses predicted_seconds leaves out."""
        return sum(planned.seconds is None for planned in self.misses)


def make_plan(
    declaration: DeclarationFile,
    pipeline: str,
    profile: str | None,
    store: Store | None,
    *,
    overrides: Sequence[str] = (),
    only: Sequence[str] = (),
    from_: Sequence[str] = (),
    until: Sequence[str] = (),
    force: bool = False,
    device: str = "auto",
    number_format: str | None = None,
    data_root: str | None = None,
    backend: str | None = None,
) -> Plan:
    """Plan one pipeline.

    profile: None for the default one. store: None plans as if it were empty. overrides:
    `path=value` texts. only, from_, until: globs on node names (flows.plan.graph). force: make
    every node that these select again. number_format: None for the profile's; "auto" for the
    device's.
    backend: None for the one the declaration has in use.

    Raises BadInput for whatever of this cannot be used.
    """
    declaration.require_pipeline(pipeline)
    profile = declaration.profile_name(profile)
    settled = declaration.settle(profile, overrides, backend)
    device = resolve_device(device)
    if number_format is None:
        number_format = settled.profiles[profile].number_format
    asked, number_format = number_format, resolve_number_format(device, number_format)

    root = declaration.project_root
    models = ModelIdentities(
        settled, root, model_number_format(settled, device, asked, number_format)
    )
    everything = expand(settled, root, models.of, figures_of(settled, pipeline))
    all_keyed = key_nodes(everything, number_format)
    pages = [pipeline, *settled.pipelines[pipeline].pipelines]
    texts = {
        page: plan_text(
            settled, declaration.name, page, profile, everything, root, is_changed=bool(overrides)
        )
        for page in pages
    }
    of_texts = {node.name: node for text in texts.values() for node in text.nodes}
    everything = [*everything, *of_texts.values()]
    wanted = [name for text in texts.values() for name in text.wanted]
    part = expand_pipeline(settled, everything, pipeline, wanted)
    nodes_of = {
        page: [n.name for n in expand_pipeline(settled, everything, page, texts[page].wanted)]
        for page in pages[1:]
    }
    keyed = key_nodes(part, number_format, all_keyed)
    names_of_key = _names_by_key([*all_keyed, *keyed])
    inputs = {item.node.name: list(item.node.inputs.values()) for item in keyed}
    chosen = select_nodes(inputs, only=only, from_=from_, until=until)

    recorded = store.rows() if store is not None else Rows({}, [])
    rows = recorded.select([item.key for item in keyed])
    named = {item.node.name: item.node for item in keyed}
    rows_of = {item.node.name: rows.get(item.key) for item in keyed}
    for text in texts.values():
        text.check_metrics(named, rows_of)
    incomplete = store.missing_objects(rows.values(), recorded.about) if store is not None else {}
    history = recorded.newest_of_names(
        {name for item in keyed if item.key not in rows for name in names_of_key[item.key]},
        MAX_COMPARED,
    )

    @cache
    def estimator() -> Estimator:
        kinds = {item.node.kind for item in keyed}
        return Estimator(recorded.newest_of_kinds(kinds, MAX_TIMED), device, number_format)

    nodes = []
    remade: set[str] = set()
    for item in keyed:
        row = rows.get(item.key)
        is_forced = force and item.node.name in chosen
        reason = incomplete.get(item.key, "")
        if row is None:
            reason = explain_miss(
                item.identity,
                [
                    near.identity
                    for name in names_of_key[item.key]
                    for near in history.get(name, ())
                ],
            )
        elif not reason and (
            has_other_inputs(row, rows) or not remade.isdisjoint(item.node.inputs.values())
        ):
            reason = OTHER_INPUTS
            is_forced = True
            remade.add(item.node.name)
        elif not reason and is_forced:
            reason = FORCED
        status: Literal["hit", "miss"] = "miss" if reason else "hit"
        seconds = estimator().seconds(item.node) if reason else 0.0
        nodes.append(
            PlannedNode(item.node, item.identity, item.key, status, reason, row, seconds, is_forced)
        )
    missing = {planned.name for planned in nodes if not planned.is_hit}
    return Plan(
        pipeline=pipeline,
        profile=profile,
        nodes=nodes,
        selected=add_missing_inputs(chosen, missing, inputs),
        layout=build_layout(
            settled,
            pipeline,
            profile,
            [(planned.node, planned.key, planned.is_hit) for planned in nodes],
            overrides,
            device,
            number_format,
            root,
            texts,
            nodes_of,
        ),
        device=device,
        number_format=number_format,
        places=settled.profiles[profile].steps_on_cpu if device == "cpu" else 1,
        overrides=list(overrides),
        data_root=data_root,
        problems=list(store.problems) if store is not None else [],
    )


def _names_by_key(keyed: Iterable[KeyedNode]) -> Mapping[str, list[str]]:
    """Nodes of one key share one row, recorded under the name of whichever was made first."""
    names: dict[str, dict[str, None]] = {}
    for item in keyed:
        names.setdefault(item.key, {})[item.node.name] = None
    return {key: list(found) for key, found in names.items()}


class Estimator:
    """Predicts seconds from the manifest's rows, those made on `device` in `number_format` only
    where a kind runs on the accelerator, and by the same model where one is loaded."""

    def __init__(self, rows: Iterable[Row], device: str, number_format: str) -> None:
        alike: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            kind = KINDS.get(row.kind)
            if kind is None or row.work <= 0 or row.seconds < 0:
                continue
            here = (row.device, row.number_format) == (device, number_format)
            if here or not kind.uses_accelerator:
                alike.setdefault(_group(row.kind, row.params), []).append(row)
        self._seconds_per_work = {group: _median_rate(rows) for group, rows in alike.items()}

    def seconds(self, node: Node) -> float | None:
        """None where nothing of this kind was made here before."""
        rate = self._seconds_per_work.get(_group(node.kind, node.params))
        return None if rate is None else rate * node.work


def _group(kind: str, params: Mapping[str, JSON]) -> tuple[str, str]:
    """What steps must have in common to tell of each other: the kind, and the loaded model."""
    model = params.get("model")
    return kind, model["address"] if isinstance(model, Mapping) else ""


def _median_rate(rows: list[Row]) -> float:
    newest = sorted(rows, key=lambda row: row.created_at, reverse=True)[:MAX_RATED]
    return statistics.median(row.seconds / row.work for row in newest)
