"""The text of a pipeline in its plan: what it names is there, and what it names is made.

A number in a text, a title or a caption is an edge of the graph: a metric or a duration makes its
node part of the pipeline, and a run whose nodes have other keys, or whose values are others,
records another page. Values that the declaration decides are settled here.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from flows.claims.claim_nodes import claim_name, own_claim_node, writeups_of
from flows.declaration import Declaration
from flows.figures.panel import Place
from flows.plan.expand import figures_of
from tasks import BadInput
from tasks.running.kinds import METRICS
from tasks.store.node import JSON, Node
from tasks.store.row import Row
from tasks.writing.numbers import Call, NotReadable, Number, find_in, numbers_in

MAX_SHOWN = 30
"""Problems of a text that are told at once."""


@dataclass
class PlannedText:
    """nodes: that only the text needs. wanted: names of nodes it takes numbers from, which are part
    of the pipeline. numbers: call to where its value is. record: what the run keeps of the text, to
    build its page from; None without a text. metrics: of each, where it is named."""

    nodes: list[Node] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    numbers: dict[str, JSON] = field(default_factory=dict)
    record: dict[str, JSON] | None = None
    metrics: list[tuple[str, Call]] = field(default_factory=list)

    def check_metrics(self, nodes: Mapping[str, Node], rows: Mapping[str, Row | None]) -> None:
        """Raise BadInput for a metric that its node does not have, as far as that is known.

        nodes, rows: by name, of the pipeline; a row is None where the node is still to be made.
        """
        problems = []
        for where, call in self.metrics:
            node, metric = call.arguments
            row = rows.get(node)
            # A row of another version may lack what is measured now.
            known = [*(row.metrics if row else ()), *METRICS.get(nodes[node].kind, ())]
            is_known = (row is not None and bool(row.metrics)) or nodes[node].kind in METRICS
            found = _metric_among(metric, known)
            if is_known and found is None:
                problems.append(f"{where}: {node} has no metric {metric}{_meant(metric, known)}")
            elif entry := self.numbers.get(call.key):
                entry["metric"] = found or metric
        _refuse(problems)


def plan_text(
    declaration: Declaration,
    file: str,
    pipeline: str,
    profile: str,
    everything: Sequence[Node],
    project_root: Path,
    is_changed: bool = False,
) -> PlannedText:
    """What the pipeline's text, titles and claims of metrics name. file: of the declaration.
    is_changed: settings are others than the author's, who may name what these do not make; its
    place in the text then says so.

    Raises BadInput, with a line for all that is unknown or wrong: where, and what was meant.
    """
    nodes = {node.name: node for node in everything}
    return _Planner(declaration, file, pipeline, profile, nodes, project_root, is_changed).plan()


@dataclass
class _Planner:
    declaration: Declaration
    file: str
    pipeline: str
    profile: str
    nodes: Mapping[str, Node]
    root: Path
    is_changed: bool
    planned: PlannedText = field(default_factory=PlannedText)
    problems: list[str] = field(default_factory=list)
    stated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.figures = figures_of(self.declaration, self.pipeline)

    def plan(self) -> PlannedText:
        declared = self.declaration.pipelines[self.pipeline]
        if declared.text is not None:
            self._text(declared.text, declared.bibliography)
        elif declared.bibliography is not None:
            self.problems.append(
                f"{self.file}: pipelines.{self.pipeline} has a bibliography but no text"
            )
        for where, text in self._titles():
            try:
                for number in numbers_in(text):
                    self._number(number, where)
            except NotReadable as error:
                self.problems.append(f"{where}: {error}")
        self._own_claims()
        _refuse(self.problems)
        return self.planned

    def _titles(self) -> Iterator[tuple[str, str]]:
        for figure_id in self.figures:
            figure = self.declaration.figures[figure_id]
            path = f"{self.file}: figures.{figure_id}"
            yield f"{path}.title", figure.title
            for index, panel in enumerate(figure.panels):
                yield f"{path}.panels.{index}.title", panel.title or ""
                yield f"{path}.panels.{index}.caption", panel.caption or ""

    def _number(self, number: Number, where: str) -> None:
        call = number.call
        try:
            entry = self._entry(call, where)
        except NotReadable as error:
            self.problems.append(f"{where}: {call}: {error}")
            return
        self.planned.numbers.setdefault(call.key, entry)
        if number.format and "value" in entry:
            value = entry["value"]
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                self.problems.append(f"{where}: {call} is no number; leave :{number.format} out")
                return
        try:
            value = entry.get("value", 1.0)
            if number.format:
                format(value, number.format)
        except ValueError:
            self.problems.append(f"{where}: :{number.format} does not fit {call}")

    def _entry(self, call: Call, where: str) -> dict[str, JSON]:
        of = call.arguments
        if call.name == "profile":
            return {"value": self.profile}
        if call.name == "dataset":
            return {"value": self._fact(of[0], of[1])}
        if call.name == "model":
            model = self._declared(self.declaration.models, of[0], "model")
            return {"value": _found(model.model_dump(mode="json"), of[1], "field")}
        node = self.nodes.get(of[0])
        if node is None and self.is_changed:
            return {"node": of[0], "metric": None}
        if node is None:
            raise NotReadable(f"there is no node {of[0]}{_meant(of[0], self.nodes)}")
        if call.name == "seed":
            return {"value": node.seed}
        if call.name == "parameter":
            return {"value": _found(node.params, of[1], "parameter")}
        self.planned.wanted.append(node.name)
        if call.name == "duration":
            return {"node": node.name, "metric": None}
        self.planned.metrics.append((where, call))
        return {"node": node.name, "metric": of[1]}

    def _fact(self, name: str, fact: str) -> JSON:
        dataset = self._declared(self.declaration.datasets, name, "data set")
        facts = {
            **dataset.model_dump(mode="json"),
            "train": dataset.train_rows,
            "test": dataset.test_rows,
        }
        return _found(facts, fact, "fact")

    def _declared(self, section: Mapping[str, Any], name: str, what: str) -> Any:
        if name not in section:
            raise NotReadable(f"there is no {what} {name}{_meant(name, section)}")
        return section[name]

    def _text(self, name: str, bibliography: str | None) -> None:
        from tasks.writing.read_text import MAX_BYTES, read_text

        source = self._read_file(name, "text", MAX_BYTES)
        if source is None:
            return
        document = read_text(source)
        told = {name: [(p.line, p.text) for p in document.problems]}
        problems = told[name]
        for figure in document.figures:
            problems += [(figure.line, text) for text in self._figure_problems(figure.name)]
        for named in document.figure_references:
            problems += [(named.line, text) for text in self._figure_problems(named.name)]
        for placed in document.numbers:
            before = len(self.problems)
            self._number(placed.number, f"{name}:{placed.line}")
            if len(self.problems) > before:
                problems.append((placed.line, self.problems.pop().partition(": ")[2]))
        claims: dict[str, JSON] = {}
        for named in document.claims:
            try:
                claims[named.name] = self._claim(named.name)
            except NotReadable as error:
                problems.append((named.line, str(error)))
        listings: dict[str, JSON] = {}
        for listing in document.listings:
            try:
                # One listing of a function in two sections would be two nodes; the first is shown.
                if listing.address not in listings:
                    listings[listing.address] = self._listing(listing.address, listing.figures)
            except NotReadable as error:
                problems.append((listing.line, str(error)))
        entries = None
        if bibliography is not None:
            from tasks.writing import bibliography as bib

            entries = self._read_file(bibliography, "bibliography", bib.MAX_BYTES)
            known, wrong = bib.read_bibliography(entries or "")
            told[bibliography] = wrong
            problems += [
                (named.line, f"@{named.name} is not in {bibliography}{_meant(named.name, known)}")
                for named in document.citations
                if named.name not in known and entries is not None
            ]
        elif document.citations:
            first = document.citations[0]
            problems.append(
                (first.line, f"@{first.name} cites, but pipelines.{self.pipeline} has no "
                 f"bibliography: file.bib; where it is no citation, write \\@{first.name}")
            )  # fmt: skip
        self.problems += [
            f"{file}:{line}: {text}" for file in told for line, text in sorted(told[file])
        ]
        self.planned.record = {
            "file": name,
            "source": source,
            "bibliography": entries,
            "claims": claims,
            "listings": listings,
        }

    def _read_file(self, name: str, what: str, limit: int) -> str | None:
        """None, with a problem told, if it cannot be used."""
        path = self.root / name
        where = f"{self.file}: pipelines.{self.pipeline}.{what}"
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                self.problems.append(f"{where} is {name}, which is not a file")
                return None
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            beside = sorted(
                each.relative_to(self.root).as_posix()
                for each in path.parent.glob(f"*{path.suffix}")
            )[:100]
            why = error.strerror or error
            self.problems.append(f"{where} is {name}: {why}{_meant(name, beside)}")
            return None
        if len(data) > limit:
            self.problems.append(f"{name}: is larger than {limit:,} bytes; split it")
            return None
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(f"{name}:{line}: is not UTF-8; save the file in that encoding")
            return None

    def _figure_problems(self, name: str) -> Iterator[str]:
        figure_id, _, panel = name.partition("/")
        if figure_id not in self.figures:
            where = (
                f"is not among the figures of pipelines.{self.pipeline}"
                if figure_id in self.declaration.figures
                else "is not declared"
            )
            yield f"figure {figure_id} {where}{_meant(figure_id, self.figures)}"
        elif panel:
            place = Place(self.declaration, figure_id)
            drawn = [each for declared in place.panels() for each in declared.drawn_ids()]
            is_there = 1 <= int(panel[:6]) <= len(drawn) if panel.isdecimal() else panel in drawn
            if not is_there:
                yield (
                    f"figure {figure_id} has no panel {panel}; it has {len(drawn)}: "
                    f"{', '.join(drawn)}"
                )

    def _claim(self, name: str) -> str:
        """The node that checks it."""
        claim_id, _, figure = name.partition("/")
        claims = self.declaration.claims
        if claim_id not in claims:
            raise NotReadable(f"there is no claim {claim_id}{_meant(claim_id, claims)}")
        if figure:
            for problem in self._figure_problems(figure):
                raise NotReadable(problem)
        if claims[claim_id].statement is not None:
            self.stated.add(claim_id)
            return claim_name(self.pipeline, claim_id)
        of_pipelines = {
            each: figures_of(self.declaration, each) for each in self.declaration.pipelines
        }
        writeups = [
            each
            for each in writeups_of(self.declaration, of_pipelines, self.pipeline)
            if each in claims[claim_id].writeups
        ]
        writeups.sort(key=lambda each: each != self.pipeline)
        nodes = [self.nodes[claim_name(each, claim_id)] for each in writeups]
        if not nodes:
            raise NotReadable(f"the claim {claim_id} is not checked for {self.pipeline}")
        if not figure:
            return nodes[0].name
        for node in nodes:
            if figure in node.params["figures"] or node.params["missing"] is not None:
                return node.name
        measured = dict.fromkeys(each for node in nodes for each in node.params["figures"])
        raise NotReadable(
            f"the claim {claim_id} is not measured on {figure}, but on {', '.join(measured)}"
        )

    def _own_claims(self) -> None:
        """Those of metrics alone that this pipeline checks."""
        for claim_id, claim in self.declaration.claims.items():
            comparison = claim.comparison
            beside = bool(claim.figures) and set(claim.figures) <= set(self.figures)
            if comparison is None or not (
                beside or self.pipeline in claim.writeups or claim_id in self.stated
            ):
                continue
            where = f"{self.file}: claims.{claim_id}.holds_when"
            unknown = [call for call in comparison.metrics if call.arguments[0] not in self.nodes]
            for call in unknown:
                name = call.arguments[0]
                self.problems.append(f"{where}: there is no node {name}{_meant(name, self.nodes)}")
            if not unknown:
                self.planned.metrics += [(where, call) for call in comparison.metrics]
                figures = [each for each in claim.figures if each in self.figures]
                node = own_claim_node(self.pipeline, claim_id, claim, figures)
                self.planned.nodes.append(node)
                self.planned.wanted.append(node.name)

    def _listing(self, address: str, figures: Sequence[str]) -> str:
        """The node that records it, when the figures of its section are made."""
        from tasks.writing.listings import find_source

        source = find_source(address, self.root)
        drawn = [
            f"figure/{figure_id}/{drawn_id}"
            for figure_id in figures
            if figure_id in self.figures
            for panel in Place(self.declaration, figure_id).panels()
            for drawn_id in panel.drawn_ids()
        ]
        inputs = {f"figure_{index}": name for index, name in enumerate(drawn)}
        digest = None if inputs else hashlib.sha256(source.text.encode()).hexdigest()
        name = f"listing/{address.replace(':', '/')}"
        params = {"address": address, "source": digest}
        self.planned.nodes.append(Node(name, "listing", params, inputs))
        self.planned.wanted.append(name)
        return name


def _metric_among(metric: str, known: Sequence[str]) -> str | None:
    """known: names, or patterns of names. "frechet" is short for "frechet_distance"."""
    for name in (metric, f"{metric}_distance"):
        if any(fnmatchcase(name, pattern) for pattern in known):
            return name
    return None


def _found(value: Any, path: str, what: str) -> JSON:
    try:
        found = find_in(value, path)
    except KeyError as error:
        known = error.args[0]
        raise NotReadable(f"there is no {what} {path}{_meant(path, known)}") from error
    if isinstance(found, Mapping):
        raise NotReadable(f"{path} has several values: {', '.join(found)}; name one of them")
    return found


def _meant(name: str, known: Any) -> str:
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are {', '.join(names)}" if 0 < len(names) <= 20 else ""


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        shown = list(dict.fromkeys(problems))
        if len(shown) > MAX_SHOWN:
            shown[MAX_SHOWN:] = [f"... and {len(shown) - MAX_SHOWN} more problems"]
        raise BadInput("\n".join(shown))
