"""Which control suits a drawn panel, and its data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.figures.view_words import UPRIGHT, view_words
from tasks.report.files import Assets
from tasks.report.play.loss import loss_control
from tasks.report.play.origin import made_by
from tasks.report.play.sheet import Place, sheet_facts, sheet_places
from tasks.report.play.steps import steps_control
from tasks.report.play.wipe import wipe_control
from tasks.store.errors import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store

_LOSSES = ("loss_curve", "reported_loss")
_OF_A_PLACE = ("left", "top", "width", "height", "title", "about")


def play_data(
    plot: str, row: Row, rows: Mapping[str, Row], store: Store, assets: Assets
) -> dict[str, Any] | None:
    """What the script needs of one panel, as plain JSON; None if there is nothing to play with.

    plot: as the panel has it. places, facts: of the sheet. control: its kind and data, or None.
    """
    try:
        places = sheet_places(row)
        control = _control(plot, row, rows, places, store, assets)
        facts = sheet_facts(row, rows, places)
    except (AttributeError, CorruptArtifact, IndexError, KeyError, TypeError, ValueError):
        return None  # of another version, or damaged: the still remains
    # Only what the script reads: places are a third of a large page.
    shown = [{name: place[name] for name in _OF_A_PLACE} for place in places]
    return {"places": shown, "facts": facts, "control": control} if places or control else None


def _control(
    plot: str,
    row: Row,
    rows: Mapping[str, Row],
    places: Sequence[Place],
    store: Store,
    assets: Assets,
) -> dict[str, Any] | None:
    drawn = row.params.get("plot")
    if drawn == "turn":
        return _turn(row, rows, store, assets)
    if drawn == "distance":
        return _distance(row, rows, store, assets)
    if drawn in _LOSSES:
        table = store.read_object(row.objects["data.csv"])
        control = loss_control(table, log_steps=drawn == "reported_loss")
        return control and {**control, "log": row.params.get("scale", "log") == "log"}
    wipe = wipe_control(row, rows, places)
    return wipe if wipe["subjects"] else steps_control(plot, row, places)


def _turn(row: Row, rows: Mapping[str, Row], store: Store, assets: Assets) -> dict[str, Any]:
    return {
        "kind": "turn",
        "picture": _picture(row, rows, store, assets),
        "motion": json.loads(store.read_object(row.objects["motion.json"])),
        "words": [UPRIGHT, view_words(row.params["view"])],
        "prompts": [str(prompt) for prompt in row.params["prompts"]],
    }


def _distance(row: Row, rows: Mapping[str, Row], store: Store, assets: Assets) -> dict[str, Any]:
    return {
        "kind": "distance",
        "picture": _picture(row, rows, store, assets),
        "near": int(row.params["near_pixels"]),
        "far": int(row.params["far_pixels"]),
        "prompts": [str(prompt) for prompt in row.params["prompts"]],
    }


def _picture(row: Row, rows: Mapping[str, Row], store: Store, assets: Assets) -> str:
    """The picture itself, as the step that made it left it."""
    made = made_by(row, "picture", rows)
    if made is None:
        raise KeyError("picture")
    reference = made.objects["image.png"]
    return assets.add(store.read_object(reference), reference.extension)
