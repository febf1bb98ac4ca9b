"""A card for each model of a run: those it trained first, then those it used as they are.

A card holds an entry for each checkpoint, rather than each checkpoint a card of its own: recipe,
curve and provenance are those of one training, and checkpoints are there to be compared. What is a
checkpoint's alone stands in its entry, which has an address of its own: its step, the loss of its
epoch and its mark on the curve, what was measured of it, its size and its SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.report.anchors import unique_anchors
from tasks.report.models.card import ModelCard
from tasks.report.models.trained import trained_card
from tasks.report.models.used import used_card, used_models
from tasks.report.panel_view import PanelView
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.running.kinds import KINDS
from tasks.store.row import Row
from tasks.store.store import Store


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
