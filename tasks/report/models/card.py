"""What a card of a model says, whatever it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.report.metric_tables import Table
from tasks.report.models.checkpoints import Checkpoints
from tasks.report.models.small_curve import SmallCurve


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
