"""What a reader can search for: panels of every pipeline from the first page, or of one."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.report.panel_view import PanelView
from tasks.report.pipeline_view import PipelineView

_ALIKE = {"profile", "data", "made with", "drawn", "its inputs took", "key"}
"""Facts that nearly all panels share, or that nobody looks for."""


def search_entries(views: Sequence[PipelineView], page: str | None = None) -> list[list[str]]:
    """Title, where it stands, what else is said of it, and address, for each panel.

    page: the file that the addresses are followed from; None for one that holds all.
    """
    return [
        [
            panel.panel.title or section.figure.title,
            f"{view.run.title}, {section.figure.section} {section.figure.title}",
            " ".join([panel.panel.caption, *_searched(panel)]),
            f"{'' if page in (None, view.file_name) else view.file_name}#{panel.anchor}",
        ]
        for view in views
        for section in view.sections
        for panel in section.panels
    ]


def _searched(panel: PanelView) -> list[str]:
    return [fact.value for fact in panel.facts if fact.name not in _ALIKE]
