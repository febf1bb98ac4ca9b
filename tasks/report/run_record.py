"""What a run recorded of itself: the figures in reading order, and what became of each node."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks import BadInput
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store
from tasks.writing.numbers import Call

LAYOUT_SCHEMA = 1

STILL_TO_COME = ("running", "waiting")
"""Statuses of nodes in a run that goes on; no run that is recorded has them."""


@dataclass(frozen=True)
class NodeRecord:
    """status: "cached", "done", "failed" or "skipped", or one of STILL_TO_COME. inputs: role to
    name of a node."""

    name: str
    kind: str
    key: str
    status: str
    error: str | None
    seconds: float | None
    inputs: Mapping[str, str]

    @property
    def is_still_to_come(self) -> bool:
        return self.status in STILL_TO_COME


@dataclass(frozen=True)
class Panel:
    """One picture of a figure; `node` draws it. settings: name and value of its parameters, where
    they are not those of the node."""

    id: str
    plot: str
    title: str
    caption: str
    node: str
    key: str
    settings: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Figure:
    id: str
    section: str
    title: str
    seed: int
    panels: Sequence[Panel]
    part: str | None = None
    """Title of the pipeline it comes from, where the run's pipeline holds several whole."""

    @property
    def heading(self) -> str:
        """Such as "B1.2: The loss"."""
        return ": ".join(part for part in (self.section, self.title) if part)


@dataclass(frozen=True)
class ClaimRecord:
    """A claim of a write-up. node: the one that checks it. figures: ids of those measured."""

    id: str
    writeup: str
    writeup_title: str
    claim: str
    holds_when: str
    node: str
    figures: Sequence[str]


@dataclass(frozen=True)
class TextRecord:
    """The text of the page as it was when the run was planned. file: its name. claims: as the text
    names them to the node that checks each. listings: function to the node that recorded it."""

    file: str
    source: str
    bibliography: str | None
    claims: Mapping[str, str]
    listings: Mapping[str, str]


@dataclass(frozen=True)
class RunRecord:
    """One run of one pipeline. backend: title of its text-to-image model, None if it used none.
    datasets: name to title. nodes: by name, in topological order."""

    pipeline: str
    title: str
    profile_name: str
    profile_title: str
    run_id: str
    started_at: str
    finished_at: str
    seconds: float
    device: str
    number_format: str
    host: str
    versions: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None
    overrides: Sequence[str]
    backend: str | None
    datasets: Mapping[str, str]
    figures: Sequence[Figure]
    nodes: Mapping[str, NodeRecord]
    tables: Sequence[str] = field(default_factory=tuple)
    """Names of nodes that hold tables of metrics."""
    claims: Sequence[ClaimRecord] = ()
    model_cards: Mapping[str, str] = field(default_factory=dict)
    """Address of a model that the run used as it is to what it says of itself, Markdown."""
    numbers: Mapping[Call, Mapping[str, Any]] = field(default_factory=dict)
    """Of text, titles and captions: each to its value, or to the node and metric that has it."""
    text: TextRecord | None = None
    summary: str = ""
    lead: str | None = None
    """The figure that introduces it."""
    parts: Sequence[RunRecord] = ()
    """Pipelines that were run as one, which have the pages."""

    @property
    def pages(self) -> list[RunRecord]:
        """Itself, or its parts."""
        return list(self.parts) or [self]

    @property
    def is_under_way(self) -> bool:
        return any(node.is_still_to_come for node in self.nodes.values())

    def ancestors(self, node: str) -> list[NodeRecord]:
        """Everything `node` was made from, nearest first, each once."""
        found: dict[str, NodeRecord] = {}
        waiting = [node]
        while waiting:
            record = self.nodes.get(waiting.pop(0))
            for name in record.inputs.values() if record else ():
                if name in self.nodes and name not in found:
                    found[name] = self.nodes[name]
                    waiting.append(name)
        return list(found.values())


def newest_runs(
    store: Store,
    rows: Mapping[str, Row],
    pipelines: Sequence[str] | None,
    backend: str | None = None,
) -> tuple[list[RunRecord], list[str]]:
    """The newest readable run of each pipeline, by name, and what could not be read.

    pipelines: those wanted, None for all. backend: name of the text-to-image model that the runs
    used, None for any. BadInput where one of them has no run, or there is none.
    """
    runs = [row for row in rows.values() if row.kind == "run"]
    if backend is not None:
        runs = _runs_with(store, runs, backend)
    by_pipeline: dict[str, list[Row]] = {}
    for row in runs:
        for name in pipelines_of(row):
            by_pipeline.setdefault(name, []).append(row)
    if pipelines is not None:
        for wanted in pipelines:
            if wanted not in by_pipeline:
                raise BadInput(_no_run(store, wanted, by_pipeline))
    elif not by_pipeline:
        raise BadInput(_no_run(store, None, by_pipeline))
    records: list[RunRecord] = []
    problems: list[str] = []
    for pipeline in _with_pages(by_pipeline, by_pipeline if pipelines is None else pipelines):
        newest_first = sorted(by_pipeline[pipeline], key=lambda row: row.age_order, reverse=True)
        record = next(_readable(store, newest_first, problems, pipeline), None)
        if record is None:
            raise BadInput(
                f"{store.address}: no record of {pipeline} can be read; "
                f"`darkroom run {pipeline}` makes a new one"
            )
        records.append(record)
    return records, problems


RecordedPair = tuple[tuple[Row, RunRecord], tuple[Row, RunRecord]]


def newest_pair(
    store: Store, rows: Mapping[str, Row], pipeline: str, backend: str | None = None
) -> RecordedPair | None:
    """The newest two readable runs of a pipeline, the older first; None if there is only one."""
    runs = [row for row in rows.values() if row.kind == "run" and pipeline in pipelines_of(row)]
    if backend is not None:
        runs = [row for row in runs if row.params.get("backend") == backend]
    newest_first = sorted(runs, key=lambda row: row.age_order, reverse=True)
    found = []
    for row in newest_first:
        found += [(row, record) for record in _readable(store, [row], [], pipeline)]
        if len(found) == 2:
            return found[1], found[0]
    return None


def _runs_with(store: Store, runs: Sequence[Row], backend: str) -> list[Row]:
    found = [row for row in runs if row.params.get("backend") == backend]
    if not found:
        used = sorted({str(row.params["backend"]) for row in runs if row.params.get("backend")})
        known = f" (there are some with {', '.join(used)})" if used else ""
        raise BadInput(
            f"{store.address} holds no run with the model {backend}{known}; use `darkroom run "
            f"--backend {backend}` first"
        )
    return found


def _no_run(store: Store, wanted: str | None, have: Mapping[str, Any]) -> str:
    what = f"no run of {wanted}" if wanted else "no run"
    known = f" (there are {', '.join(sorted(have))})" if have else ""
    command = f"darkroom run {wanted}" if wanted else "darkroom run"
    return f"{store.address} holds {what}{known}; use `{command}` first"


def pipelines_of(run: Row) -> list[str]:
    """The pipeline of a run, and those that it ran as one."""
    return [run.name.removeprefix("run/"), *map(str, run.params.get("parts") or ())]


def _with_pages(by_pipeline: Mapping[str, Sequence[Row]], wanted: Iterable[str]) -> list[str]:
    """Names in order; in place of pipelines that were run as one, these."""
    names: set[str] = set()
    for name in wanted:
        newest = max(by_pipeline[name], key=lambda row: row.age_order)
        own, *parts = pipelines_of(newest)
        names.update(parts if parts and own == name else [name])
    return sorted(names)


def _readable(
    store: Store, rows: Sequence[Row], problems: list[str], pipeline: str
) -> Iterator[RunRecord]:
    for row in rows:
        try:
            record = read_layout(json.loads(store.read_object(row.objects["layout.json"])))
            pages = {page.pipeline: page for page in (record, *record.parts)}
            yield pages[pipeline]
        except (CorruptArtifact, KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"run {row.run_id} of {row.name.removeprefix('run/')}: {error}")


def read_layout(layout: Mapping[str, Any]) -> RunRecord:
    """KeyError, TypeError or ValueError for a layout of another shape or schema."""
    if layout["schema"] != LAYOUT_SCHEMA:
        raise ValueError(
            f"layout of schema {layout['schema']}; this version of Darkroom reads {LAYOUT_SCHEMA}"
        )
    nodes = [
        NodeRecord(
            name=node["name"],
            kind=node["kind"],
            key=node["key"],
            status=node["status"],
            error=node.get("error"),
            seconds=node.get("seconds"),
            inputs=node.get("inputs") or {},
        )
        for node in layout["nodes"]
    ]
    record = RunRecord(
        pipeline=layout["pipeline"],
        title=layout["title"],
        profile_name=layout["profile"]["name"],
        profile_title=layout["profile"]["title"],
        run_id=layout["run_id"],
        started_at=layout["started_at"],
        finished_at=layout["finished_at"],
        seconds=float(layout["seconds"]),
        device=layout["device"],
        number_format=layout["number_format"],
        host=layout.get("host") or "",
        versions=layout.get("versions") or {},
        git_commit=layout.get("git_commit"),
        git_dirty=layout.get("git_dirty"),
        overrides=layout.get("overrides") or (),
        backend=(layout.get("backend") or {}).get("title"),
        datasets=layout.get("datasets") or {},
        figures=[_figure(figure) for figure in layout["figures"]],
        nodes={node.name: node for node in nodes},
        tables=[table["node"] for table in layout.get("tables") or ()],
        claims=[_claim(claim) for claim in layout.get("claim_texts") or ()],
        model_cards={
            str(address): str(card) for address, card in (layout.get("model_cards") or {}).items()
        },
        numbers=_numbers(layout),
        text=_text(layout.get("text")),
        summary=layout.get("summary") or "",
        lead=layout.get("lead"),
    )
    return replace(record, parts=[_part(record, part) for part in layout.get("parts") or ()])


def _part(record: RunRecord, part: Mapping[str, Any]) -> RunRecord:
    """What of a run a pipeline is that was run with others as one."""
    nodes = {name: record.nodes[name] for name in part["nodes"]}
    figures = {figure.id: figure for figure in record.figures}
    return replace(
        record,
        pipeline=part["pipeline"],
        title=part["title"],
        figures=[replace(figures[name], part=None) for name in part["figures"]],
        nodes=nodes,
        tables=(),
        claims=[claim for claim in record.claims if claim.node in nodes],
        numbers=_numbers(part),
        text=_text(part.get("text")),
        summary=part.get("summary") or "",
        lead=part.get("lead"),
    )


def _numbers(layout: Mapping[str, Any]) -> dict[Call, Mapping[str, Any]]:
    return {Call.of_key(key): entry for key, entry in (layout.get("numbers") or {}).items()}


def _text(text: Mapping[str, Any] | None) -> TextRecord | None:
    if text is None:
        return None
    return TextRecord(
        file=str(text["file"]),
        source=str(text["source"]),
        bibliography=text.get("bibliography"),
        claims=text.get("claims") or {},
        listings=text.get("listings") or {},
    )


def _claim(claim: Mapping[str, Any]) -> ClaimRecord:
    return ClaimRecord(
        id=claim["id"],
        writeup=claim["writeup"],
        writeup_title=claim["writeup_title"],
        claim=claim["claim"],
        holds_when=claim["holds_when"],
        node=claim["node"],
        figures=[str(figure) for figure in claim["figures"]],
    )


def _figure(figure: Mapping[str, Any]) -> Figure:
    panels = [
        Panel(
            id=panel["id"],
            plot=panel["plot"],
            title=panel.get("title") or "",
            caption=panel.get("caption") or "",
            node=panel["node"],
            key=panel["key"],
            settings=[(str(name), str(value)) for name, value in panel.get("settings") or ()],
        )
        for panel in figure["panels"]
    ]
    return Figure(
        figure["id"],
        figure["section"],
        figure["title"],
        figure["seed"],
        panels,
        figure.get("part"),
    )
