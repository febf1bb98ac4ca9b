"""What was measured of a trained model: an entry for each checkpoint, and numbers of the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.pocket.words import MEASURES, SEEN
from tasks.report.metrics import (
    Table,
    TableRow,
    family_of,
    metric_text,
    metric_title,
    telling_metrics,
)
from tasks.report.models.losses import LossLog
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.report.wording import number, percent
from tasks.store.row import ObjectRef, Row

_CHECKPOINT = re.compile(r"epoch-(\d+)\.safetensors")
_MEASURED_AT = re.compile(r"/epoch-(\d+)(?:/(.+))?$")
_MEASURING = ("denoise", "evaluate", "variant")
_OF_SAMPLES = ("label_accuracy", "frechet_distance", "frechet_floor")
"""Of all that is measured of samples, what tells checkpoints apart."""
_LOSS = "training loss"


@dataclass(frozen=True)
class Entry:
    """One checkpoint. anchor: unique on the page. detail: step and size. digest: SHA-256 of its
    file. cells: one a column. further: what was measured of it in other ways, each with its words,
    cells and node."""

    epoch: int
    anchor: str
    detail: str
    digest: str
    cells: Sequence[str]
    further: Sequence[tuple[str, Sequence[str], str]]


@dataclass(frozen=True)
class Checkpoints:
    """columns: titles of what is known of entries."""

    columns: Sequence[str]
    entries: Sequence[Entry]

    @property
    def epochs(self) -> list[int]:
        return [entry.epoch for entry in self.entries]


def view_checkpoints(
    node: NodeRecord,
    row: Row,
    run: RunRecord,
    rows: Mapping[str, Row],
    log: LossLog | None,
    anchor: str,
) -> Checkpoints:
    """anchor: of the card of the model."""
    files = {
        int(match[1]): reference
        for name, reference in row.objects.items()
        if (match := _CHECKPOINT.fullmatch(name))
    }
    losses = {epoch: log.of_epoch(epoch) if log else None for epoch in files}
    measured = _measured(node, run, rows)
    plain = {epoch: dict(measured.get((epoch, ""), ("", {}))[1]) for epoch in files}
    columns = [_LOSS] if any(losses.values()) else []
    for epoch, found in losses.items():
        if found is not None:
            plain[epoch][_LOSS] = found[1]
    columns += [
        name
        for name in dict.fromkeys(name for _, metrics in measured.values() for name in metrics)
        if name not in columns
    ]
    entries = []
    for epoch, reference in sorted(files.items()):
        further = [
            (way.replace("-", " ").replace("/", ", "), _cells(metrics, columns), name)
            for (at, way), (name, metrics) in measured.items()
            if at == epoch and way
        ]
        entries.append(
            Entry(
                epoch,
                f"{anchor}-epoch-{epoch:03d}",
                _detail(reference, losses[epoch]),
                reference.sha256,
                _cells(plain[epoch], columns),
                further,
            )
        )
    return Checkpoints([metric_title(name) for name in columns], entries)


def _measured(
    node: NodeRecord, run: RunRecord, rows: Mapping[str, Row]
) -> dict[tuple[int, str], tuple[str, dict[str, float]]]:
    """Epoch and way of measuring, "" for the plain one, to the node that measured and what it
    found. The way is what the name of the node adds behind the epoch, such as guidance-5."""
    found: dict[tuple[int, str], tuple[str, dict[str, float]]] = {}
    for each in run.nodes.values():
        match = _MEASURED_AT.search(each.name)
        if each.kind not in _MEASURING or node.name not in each.inputs.values() or match is None:
            continue
        metrics = telling_metrics(rows[each.key]) if each.key in rows else {}
        if each.kind != "denoise":
            metrics = {name: metrics[name] for name in _OF_SAMPLES if name in metrics}
        if metrics:
            _, kept = found.setdefault((int(match[1]), match[2] or ""), (each.name, {}))
            kept.update(metrics)
    return found


def _cells(metrics: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    return [metric_text(name, metrics.get(name)) for name in columns]


def _detail(reference: ObjectRef, loss: tuple[int, float] | None) -> str:
    """No-break spaces: a number stays with its unit in a narrow column."""
    size = f"{number(round(reference.size / 2**20, 1))}\N{NO-BREAK SPACE}MB"
    return f"step\N{NO-BREAK SPACE}{loss[0]:,}, {size}" if loss else size


_RETRIEVAL = re.compile(rf"({'|'.join(MEASURES)})_({'|'.join(SEEN)})")
_FAMILIES = {
    "guide_accuracy": ("t", "On test images noised to t"),
    "accuracy_seed": ("seed", "By seed"),
}
"""What tells members of a family apart, and the title of a table that it comes first in."""


def single_metrics(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    """Title and value of those that stand in no table, by name."""
    return [
        (metric_title(name), metric_text(name, metrics[name]))
        for name in sorted(metrics)
        if not _RETRIEVAL.fullmatch(name) and family_of(name) is None
    ]


def tables_of_metrics(metrics: Mapping[str, float]) -> list[Table]:
    """Shares of right captions by how pictures are seen; and of each family such as
    guide_accuracy_<t> a column, a row a member."""
    return [*_retrieval(metrics), *_families(metrics)]


def _retrieval(metrics: Mapping[str, float]) -> list[Table]:
    seen = [each for each in SEEN if any(f"{measure}_{each}" in metrics for measure in MEASURES)]
    if not seen:
        return []
    rows = [
        TableRow(
            SEEN[each],
            [
                percent(metrics[name]) if (name := f"{measure}_{each}") in metrics else ""
                for measure in MEASURES
            ],
        )
        for each in seen
    ]
    title = "Right captions found for renderings that it was not trained on"
    return [Table(title, ["seen", *MEASURES], rows)]


def _families(metrics: Mapping[str, float]) -> list[Table]:
    members: dict[str, list[str]] = {}
    for name in metrics:
        found = family_of(name)
        if found is not None and not _RETRIEVAL.fullmatch(name):
            members.setdefault(found[0], []).append(found[1])
    together: dict[tuple[str, ...], list[str]] = {}
    for family in sorted(members, reverse=True):
        together.setdefault(tuple(sorted(members[family], key=float)), []).append(family)
    return [_family_table(families, of, metrics) for of, families in together.items()]


def _family_table(
    families: Sequence[str], members: Sequence[str], metrics: Mapping[str, float]
) -> Table:
    corner, title = _FAMILIES.get(families[0], ("", metric_title(families[0])))
    rows = [
        TableRow(member, [metric_text(name, metrics[name]) for name in names])
        for member in members
        for names in [[f"{family}_{member}" for family in families]]
    ]
    return Table(title, [corner, *map(metric_title, families)], rows)
