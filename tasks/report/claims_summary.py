"""Every claim of every write-up in one table, for the first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.report.claims import ClaimView, count_verdicts

if TYPE_CHECKING:
    from tasks.report.pipeline_view import PipelineView


@dataclass(frozen=True)
class ClaimCell:
    """A claim in one write-up and the address of where it is told; None for no such claim."""

    view: ClaimView
    address: str


@dataclass(frozen=True)
class ClaimsSummary:
    """writeups: titles. rows: the claim's words, and a cell for each write-up."""

    writeups: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ClaimCell | None]]]

    @property
    def counts(self) -> list[tuple[str, str, str, int]]:
        return count_verdicts([cell.view for _, cells in self.rows for cell in cells if cell])


def claims_summary(views: Sequence[PipelineView], is_single: bool = False) -> ClaimsSummary:
    """A write-up that two pipelines have checked is told from its own page."""
    found: dict[str, tuple[str, dict[str, ClaimCell]]] = {}
    words: dict[str, str] = {}
    own_last = sorted(views, key=lambda view: view.run.pipeline in _names(view))
    for view in own_last:
        page = "" if is_single else view.file_name
        for writeup in view.claims:
            is_own = writeup.name == view.run.pipeline
            if writeup.name in found and not is_own:
                continue
            cells = {
                claim.record.id: ClaimCell(claim, f"{page}#{claim.anchor}")
                for claim in writeup.claims
            }
            found[writeup.name] = (writeup.title, cells)
            words.update({claim.record.id: claim.record.claim for claim in writeup.claims})
    names = sorted(found)
    return ClaimsSummary(
        [found[name][0] for name in names],
        [
            (text, [found[name][1].get(claim_id) for name in names])
            for claim_id, text in words.items()
        ],
    )


def _names(view: PipelineView) -> list[str]:
    return [writeup.name for writeup in view.claims]
