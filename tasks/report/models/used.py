"""The models that a run used as they are: folders, or repositories of the hub.

Steps name them by address in params["model"], with what tells one content from another; the run
kept the card that came with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.report.metric_tables import Table, TableRow
from tasks.report.models.card import ModelCard
from tasks.report.run_record import RunRecord
from tasks.report.wording import number, plural
from tasks.store.row import Row
from tasks.text_to_image.model_part import TITLES

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
        facts=_facts(model),
        provenance=_provenance(model),
        tables=[Table("Parts", ["part", "used by", "number format"], parts)],
        own_card=run.model_cards.get(model.address, ""),
    )


def _facts(model: UsedModel) -> list[tuple[str, str]]:
    rows = [row for of in model.rows.values() for row in of]
    scales = sorted({row.metrics["logit_scale"] for row in rows if "logit_scale" in row.metrics})
    commits = sorted({str(row.info["commit"]) for row in rows if row.info.get("commit")})
    facts = [
        ("logit scale", ", ".join(map(number, scales))),
        ("commit", ", ".join(commits)),
    ]
    return [(name, value) for name, value in facts if value]


def _provenance(model: UsedModel) -> list[tuple[str, str]]:
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
