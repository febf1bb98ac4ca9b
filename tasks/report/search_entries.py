"""What a reader can search for from the first page: panels of every pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.report.pipeline_view import PipelineView


def search_entries(views: Sequence[PipelineView]) -> list[list[str]]:
    """Title, where it stands, what else is said of it, and address, for each panel."""
    return [
        [
            panel.panel.title or section.figure.title,
            f"{view.run.title}, {section.figure.section} {section.figure.title}",
            " ".join([panel.panel.caption, *(value for _, value in panel.panel.settings)]),
            f"{view.file_name}#{panel.anchor}",
        ]
        for view in views
        for section in view.sections
        for panel in section.panels
    ]
