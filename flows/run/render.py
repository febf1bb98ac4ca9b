"""The report of a store, as a run leaves it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flows.run.run_request import RunRequest
from tasks.store.store import Store


def report_page(request: RunRequest) -> Path:
    """The page to open."""
    return Path(request.report_path) / "index.html"


def render(request: RunRequest) -> Path:
    """Build the report of every pipeline the store has a run of; returns its page."""
    from tasks.report.build import build_report

    page = build_report(Store.open(request.store, create=False), Path(request.report_path))
    # Files that would not change are left alone; this one's time says when that was last checked.
    page.touch()
    return page


def is_rendered(request: RunRequest, since: datetime) -> bool:
    """Whether the report was built after `since`."""
    try:
        built_at = report_page(request).stat().st_mtime
    except OSError:
        return False
    return built_at >= since.timestamp()
