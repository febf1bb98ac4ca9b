"""A card for each model of a run: those it trained first, then those it used as they are.

A card holds an entry for each checkpoint, rather than each checkpoint a card of its own: recipe,
curve and provenance are those of one training, and checkpoints are there to be compared. What is a
checkpoint's alone stands in its entry, which has an address of its own: its step, the loss of its
epoch and its mark on the curve, what was measured of it, its size and its SHA-256.

Models used as they are, folders or repositories of the hub, are named by steps by address in
params["model"], with what tells one content from another; the run kept the card that came with
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.report.metrics import Table, TableRow
from tasks.report.models.checkpoints import (
    Checkpoints,
    single_metrics,
    tables_of_metrics,
    view_checkpoints,
)
from tasks.report.models.losses import LossLog, SmallCurve, read_loss_log, small_curve
from tasks.report.panel_view import PanelView
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.report.wording import (
    duration,
    model_recipe,
    moment,
    number,
    plain,
    plural,
    spaced,
    unique_anchors,
)
from tasks.running.kinds import KINDS
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store
from tasks.text_to_image.model_part import TITLES


@dataclass(frozen=True)
class ModelCard:
    """anchor: unique on the page. node: that trained it, None for a model used as it is. role: what
    it is for, in words. curve: None where there is none; no_curve says why, if a reader would miss
    it. tables: what was measured of it as a whole. provenance: what identifies it. own_card: what
    a model used as it is says of itself, Markdown."""

    anchor: str
    name: str
    node: str | None
    role: str
    recipe: str
    facts: Sequence[tuple[str, str]]
    provenance: Sequence[tuple[str, str]]
    curve: SmallCurve | None = None
    no_curve: str = ""
    checkpoints: Checkpoints | None = None
    tables: Sequence[Table] = ()
    own_card: str = ""


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
_SOURCES = ("concepts", "concepts_sha256", "font", "font_sha256", "styles", "world_seed")
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


_IDENTITY = {
    "revision": "revision",
    "variant": "variant",
    "prompt_embeds": "embeddings from",
    "digest": "SHA-256 of its files",
}


@dataclass
class UsedModel:
    """rows: of the steps that used it, by the part they used."""

    address: str
    revision: str | None
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.address}@{self.revision}" if self.revision else self.address


def used_models(run: RunRecord, rows: Mapping[str, Row]) -> list[UsedModel]:
    """In the order of the run's nodes; those that no step which left something used are none."""
    models: dict[tuple[str, str | None], UsedModel] = {}
    for node in run.nodes.values():
        row = rows.get(node.key)
        part = row.params.get("model") if row else None
        if row and isinstance(part, Mapping) and part.get("address"):
            address, revision = str(part["address"]), part.get("revision")
            model = models.setdefault((address, revision), UsedModel(address, revision))
            model.rows.setdefault(str(part.get("component")), []).append(row)
    return list(models.values())


def used_card(model: UsedModel, run: RunRecord, anchor: str) -> ModelCard:
    """anchor: of the card."""
    is_judge = set(model.rows) == {"similarity"}
    role = "Similarity of pictures and texts" if is_judge else (run.backend or "Text-to-image")
    parts = [
        TableRow(
            _title(part),
            [plural(len(rows), "step"), str(rows[0].params["model"].get("number_format") or "")],
        )
        for part, rows in model.rows.items()
    ]
    return ModelCard(
        anchor=anchor,
        name=model.address,
        node=None,
        role=f"{role}, used as it is: this run did not train it",
        recipe="",
        facts=_used_facts(model),
        provenance=_used_provenance(model),
        tables=[Table("Parts", ["part", "used by", "number format"], parts)],
        own_card=run.model_cards.get(model.address, ""),
    )


def _used_facts(model: UsedModel) -> list[tuple[str, str]]:
    rows = [row for of in model.rows.values() for row in of]
    scales = sorted({row.metrics["logit_scale"] for row in rows if "logit_scale" in row.metrics})
    commits = sorted({str(row.info["commit"]) for row in rows if row.info.get("commit")})
    facts = [
        ("logit scale", ", ".join(map(number, scales))),
        ("commit", ", ".join(commits)),
    ]
    return [(name, value) for name, value in facts if value]


def _used_provenance(model: UsedModel) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = [("address", model.address)]
    for part, rows in model.rows.items():
        identity: Mapping[str, Any] = rows[0].params["model"]
        facts += [
            (f"{title}, {_title(part)}", str(identity[name]))
            for name, title in _IDENTITY.items()
            if identity.get(name)
        ]
    return facts


def _title(part: str) -> str:
    titles: Mapping[str, str] = {str(name): title for name, title in TITLES.items()}
    return titles.get(part, part)


def model_cards(
    run: RunRecord,
    rows: Mapping[str, Row],
    panels: Sequence[PanelView],
    store: Store,
    prefix: str = "",
) -> list[ModelCard]:
    """In the order of the run; models whose training left nothing have none. prefix: of anchors."""
    trained = [node for node in run.nodes.values() if _trains(node) and node.key in rows]
    used = used_models(run, rows)
    names = [*(node.name for node in trained), *(model.name for model in used)]
    anchors = iter(unique_anchors(f"{prefix}model-", names))
    return [
        *(trained_card(node, run, rows, panels, store, next(anchors)) for node in trained),
        *(used_card(model, run, next(anchors)) for model in used),
    ]


def _trains(node: NodeRecord) -> bool:
    kind = KINDS.get(node.kind)
    return kind is not None and kind.stage == "train"
