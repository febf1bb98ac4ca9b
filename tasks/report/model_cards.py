"""A card for each trained model: recipe, loss, what each checkpoint measured, its origin."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.report.metric_tables import Table, TableRow, metric_text, metric_title, turned
from tasks.report.panel_view import PanelView
from tasks.report.recipe import model_recipe
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.report.wording import duration, moment, number
from tasks.store.row import Row

MOST_COLUMNS = 4
CURVE_WIDTH, CURVE_HEIGHT = 320, 64

_CHECKPOINT = re.compile(r"epoch-(\d+)\.safetensors")
_EPOCH = re.compile(r"/epoch-(\d+)(?:/|$)")
_MEASURED = ("denoise", "evaluate")
_SHOWN = ("label_accuracy", "frechet_distance", "frechet_floor", "cosine_with_mean")


@dataclass(frozen=True)
class ModelCard:
    """curve: an SVG path of the smoothed loss on a logarithmic scale, empty if none is drawn.
    curve_anchor: of the panel that draws it."""

    name: str
    node: str
    recipe: str
    facts: Sequence[tuple[str, str]]
    checkpoints: Table
    curve: str = ""
    curve_anchor: str = ""
    width: int = CURVE_WIDTH
    height: int = CURVE_HEIGHT


def model_cards(
    run: RunRecord, rows: Mapping[str, Row], panels: Sequence[PanelView]
) -> list[ModelCard]:
    """In the order of the run; models whose training left nothing have none."""
    return [
        _card(node, rows[node.key], run, rows, panels)
        for node in run.nodes.values()
        if node.kind == "train" and node.key in rows
    ]


def _card(
    node: NodeRecord,
    row: Row,
    run: RunRecord,
    rows: Mapping[str, Row],
    panels: Sequence[PanelView],
) -> ModelCard:
    curve, anchor = _curve(node.name, run, panels)
    return ModelCard(
        name=node.name.partition("/")[2],
        node=node.name,
        recipe=model_recipe(row.params),
        facts=_facts(node, row, run),
        checkpoints=_checkpoints(node, row, run, rows),
        curve=curve,
        curve_anchor=anchor,
    )


def _facts(node: NodeRecord, row: Row, run: RunRecord) -> list[tuple[str, str]]:
    data = [name.partition("/")[2] for name in node.inputs.values() if name.startswith("data/")]
    commit = (row.git_commit or "")[:12]
    facts = [
        ("data", ", ".join(run.datasets.get(name, name) for name in data)),
        *(
            (metric_title(name), metric_text(name, row.metrics[name]))
            for name in sorted(row.metrics)
        ),
        ("seed", str(row.seed)),
        ("took", duration(row.seconds)),
        ("made", f"{moment(row.created_at)} on {row.device}, {row.number_format}"),
        ("code", f"{commit}{', with changes' if row.git_dirty else ''}" if commit else ""),
        ("made with", ", ".join(f"{name} {row.versions[name]}" for name in sorted(row.versions))),
        ("key", row.key),
    ]
    return [(name, value) for name, value in facts if value]


def _checkpoints(node: NodeRecord, row: Row, run: RunRecord, rows: Mapping[str, Row]) -> Table:
    """A row a checkpoint: its size, its digest and what was measured of it."""
    measured: dict[int, dict[str, float]] = {}
    for each in run.nodes.values():
        epoch = _EPOCH.search(each.name)
        if each.kind in _MEASURED and node.name in each.inputs.values() and epoch:
            found = rows[each.key].metrics if each.key in rows else {}
            kept = measured.setdefault(int(epoch[1]), {})
            for name in _SHOWN:
                if name in found:
                    kept.setdefault(_named(each, name, epoch[0]), found[name])
    columns = list(dict.fromkeys(name for kept in measured.values() for name in kept))
    lines = []
    for name in sorted(row.objects):
        if (match := _CHECKPOINT.fullmatch(name)) is not None:
            epoch_number, reference = int(match[1]), row.objects[name]
            kept = measured.get(epoch_number, {})
            cells = [f"{number(round(reference.size / 2**20, 1))} MB", reference.sha256[:12]]
            cells += [metric_text(name.partition(",")[0], kept.get(name)) for name in columns]
            lines.append(TableRow(f"epoch {epoch_number}", cells))
    table = Table("", ["checkpoint", "size", "SHA-256", *map(_title, columns)], lines)
    # A card is narrow: the longer side goes down.
    return turned(table) if len(table.header) > max(MOST_COLUMNS, len(lines)) else table


def _named(node: NodeRecord, metric: str, epoch: str) -> str:
    """The metric, and what the name of the node adds behind the epoch, such as guidance."""
    behind = node.name.partition(epoch.rstrip("/"))[2].strip("/").replace("-", " ")
    return f"{metric},{behind}" if behind else metric


def _title(name: str) -> str:
    metric, _, behind = name.partition(",")
    return f"{metric_title(metric)}, {behind}" if behind else metric_title(metric)


def _curve(node: str, run: RunRecord, panels: Sequence[PanelView]) -> tuple[str, str]:
    for panel in panels:
        record = run.nodes.get(panel.panel.node)
        control = (panel.play or {}).get("control") or {}
        if record is None or control.get("kind") != "curve":
            continue
        roles = sorted(
            (role for role in record.inputs if role.startswith("model_")),
            key=lambda role: (len(role), role),
        )
        names = [record.inputs[role] for role in roles]
        if node in names and len(control["series"]) == len(names):
            return _path(control["series"][names.index(node)]["smoothed"]), panel.anchor
    return "", ""


def _path(values: Sequence[float]) -> str:
    logs = [math.log10(value) for value in values if value > 0]
    if len(logs) < 2:
        return ""
    low, span = min(logs), (max(logs) - min(logs)) or 1.0
    points = [
        f"{index * CURVE_WIDTH / (len(logs) - 1):.1f} "
        f"{2 + (CURVE_HEIGHT - 4) * (1 - (value - low) / span):.1f}"
        for index, value in enumerate(logs)
    ]
    return "M" + "L".join(points)
