"""The card of a model that the run trained, whatever kind of step did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.report.models.card import ModelCard
from tasks.report.models.checkpoints import view_checkpoints
from tasks.report.models.loss_log import LossLog, read_loss_log
from tasks.report.models.measured import single_metrics, tables_of_metrics
from tasks.report.models.small_curve import small_curve
from tasks.report.panel_view import PanelView
from tasks.report.recipe import model_recipe
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.report.wording import duration, moment, plain, spaced
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store

ROLES = {
    "classifier": "Classifier, which judges samples",
    "guide": "Noise-aware classifier, which guides sampling",
    "pocket_stage_one": "Text-to-image, stage I",
    "pocket_stage_two": "Text-to-image, stage II: enlarges the pictures of stage I",
    "pocket_reader": "Reader, which tells what a sampled picture shows",
    "pocket_similarity": "Similarity of pictures and texts",
}
"""By kind of the step that trained it."""

_MEASURED_AS_A_WHOLE = {"pocket_measure": "stage_one"}
"""Kinds that measure a model rather than a checkpoint, and the role of what they measure."""
_SOURCES = ("concepts", "concepts_sha256", "font", "font_sha256", "styles", "variants", "bank_seed")
"""Parameters that say what the pictures were drawn from, where a model is trained on drawings."""


def trained_card(
    node: NodeRecord,
    run: RunRecord,
    rows: Mapping[str, Row],
    panels: Sequence[PanelView],
    store: Store,
    anchor: str,
) -> ModelCard:
    """anchor: of the card. KeyError where the manifest has no row of the node."""
    row = rows[node.key]
    log, no_curve = _read_losses(row, store)
    checkpoints = view_checkpoints(node, row, run, rows, log, anchor)
    curve = small_curve(log, checkpoints.epochs, _drawn_at(node, run, panels)) if log else None
    metrics = {**row.metrics, **_measured_as_a_whole(node, run, rows)}
    return ModelCard(
        anchor=anchor,
        name=node.name.partition("/")[2],
        node=node.name,
        role=ROLES.get(node.kind, ""),
        recipe=model_recipe(row.params),
        facts=_facts(node, row, run, metrics),
        provenance=_provenance(row),
        curve=curve,
        no_curve=no_curve,
        checkpoints=checkpoints if checkpoints.entries else None,
        tables=tables_of_metrics(metrics),
    )


def _read_losses(row: Row, store: Store) -> tuple[LossLog | None, str]:
    """The losses, or why there are none."""
    try:
        log = read_loss_log(row, store)
    except (CorruptArtifact, KeyError, ValueError):
        return None, "The losses of this training are missing from the store or damaged."
    return log, "" if log else "This training keeps no record of its losses."


def _drawn_at(node: NodeRecord, run: RunRecord, panels: Sequence[PanelView]) -> str:
    """Anchor of the first panel in which its losses can be read, empty if there is none."""
    for panel in panels:
        record = run.nodes.get(panel.panel.node)
        control = (panel.play or {}).get("control") or {}
        if record and control.get("kind") == "curve" and node.name in record.inputs.values():
            return panel.anchor
    return ""


def _measured_as_a_whole(
    node: NodeRecord, run: RunRecord, rows: Mapping[str, Row]
) -> dict[str, float]:
    return {
        name: value
        for each in run.nodes.values()
        if each.key in rows
        and each.inputs.get(_MEASURED_AS_A_WHOLE.get(each.kind, "")) == node.name
        for name, value in rows[each.key].metrics.items()
    }


def _facts(
    node: NodeRecord, row: Row, run: RunRecord, metrics: Mapping[str, float]
) -> list[tuple[str, str]]:
    of_data = [name for name in node.inputs.values() if name.startswith("data/")]
    data = [name.partition("/")[2] for name in of_data]
    facts = [
        ("data", ", ".join(run.datasets.get(name, name) for name in data)),
        ("also from", ", ".join(n for n in node.inputs.values() if n not in of_data)),
        *single_metrics(metrics),
        ("seed", str(row.seed)),
        ("took", duration(row.seconds)),
    ]
    return [(name, value) for name, value in facts if value]


def _provenance(row: Row) -> list[tuple[str, str]]:
    commit = (row.git_commit or "")[:12]
    facts = [
        ("made", f"{moment(row.created_at)} on {row.device}, {row.number_format}"),
        ("code", f"{commit}{', with changes' if row.git_dirty else ''}" if commit else ""),
        ("made with", ", ".join(f"{name} {row.versions[name]}" for name in sorted(row.versions))),
        *((spaced(name), plain(row.params[name])) for name in _SOURCES if name in row.params),
        ("key", row.key),
        *((name, row.objects[name].sha256) for name in sorted(row.objects)),
    ]
    return [(name, value) for name, value in facts if value]
