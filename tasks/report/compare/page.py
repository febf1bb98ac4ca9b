"""The page of two runs, as one file of its own."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.report.assets import EmbeddedAssets
from tasks.report.compare.run_difference import difference_of
from tasks.report.compare.view import view_comparison
from tasks.report.rendering import inside_page, render
from tasks.report.run_record import RunRecord
from tasks.store.row import Row
from tasks.store.store import Store

RecordedRun = tuple[Row, RunRecord]


def comparison_page(store: Store, rows: Mapping[str, Row], a: RecordedRun, b: RecordedRun) -> bytes:
    """HTML with everything inside. rows: by key, of what the runs made."""
    diff = difference_of(*a, *b, rows, with_equal_metrics=True)
    view = view_comparison(diff, a[1], b[1], rows, store, EmbeddedAssets())
    return render("compare.html", view=view, pipeline_file=None, **inside_page())
