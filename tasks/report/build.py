"""Building the report from a store: read, arrange, render, write."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.report.compare import ComparisonView, difference_of, view_comparison
from tasks.report.files import (
    AssetFolder,
    Assets,
    EmbeddedAssets,
    beside_pages,
    inside_page,
    render,
    write_report_files,
)
from tasks.report.measured_numbers import with_measured
from tasks.report.metrics import MOST_EMBEDDED, MetricsView, metric_records, view_metrics
from tasks.report.pipeline_view import PipelineView, claims_summary, search_entries, view_pipeline
from tasks.report.run_record import RecordedPair, RunRecord, newest_pair, newest_runs
from tasks.report.wording import slug
from tasks.store.row import Row
from tasks.store.store import Store

INDEX, METRICS = "index", "metrics"


@dataclass(frozen=True)
class _Content:
    """comparisons: by the file of their page."""

    views: Sequence[PipelineView]
    comparisons: Mapping[str, ComparisonView]
    metrics: MetricsView
    problems: Sequence[str]


def build_report(
    store: Store,
    out: Path,
    pipelines: list[str] | None = None,
    single_file: bool = False,
    backend: str | None = None,
) -> Path:
    """Write the report of the newest run of each pipeline and return the path of index.html.

    pipelines: those to show, None for all that have run; pages of others in `out` are removed.
    single_file: one index.html with everything inside, no assets, no comparison with earlier runs.
    backend: name of the text-to-image model that the runs used, None for any.
    BadInput where there is no run to show or `out` cannot be written.
    """
    recorded = store.rows()
    records = {row.key: row for row in recorded.of_kind("run")}
    runs, unreadable = newest_runs(store, records, pipelines, backend)
    pairs = {} if single_file else _pairs(store, records, runs, backend)
    compared = [run for (_, a), (_, b) in pairs.values() for run in (a, b)]
    rows = recorded.select({node.key for run in (*runs, *compared) for node in run.nodes.values()})
    problems = sorted(store.problems) + unreadable
    runs = [with_measured(run, rows) for run in runs]
    if single_file:
        views = _views(runs, rows, store, EmbeddedAssets(), pairs, is_single=True)
        metrics = view_metrics(metric_records(runs, rows), EmbeddedAssets(), MOST_EMBEDDED)
        files = {"index.html": _render_single(_Content(views, {}, metrics, problems))}
    else:
        assets = AssetFolder()
        content = _Content(
            _views(runs, rows, store, assets, pairs),
            {
                _compare_name(name): _comparison(pairs[run.pipeline], rows, store, assets)
                for run, name in zip(runs, _page_names(runs), strict=True)
                if run.pipeline in pairs
            },
            view_metrics(metric_records(runs, rows), assets),
            problems,
        )
        files = _render_folder(content, assets) | assets.files
    write_report_files(out, files)
    return out / "index.html"


def _pairs(
    store: Store, records: Mapping[str, Row], runs: Sequence[RunRecord], backend: str | None
) -> dict[str, RecordedPair]:
    """The newest two runs of each pipeline that has two."""
    found = {run.pipeline: newest_pair(store, records, run.pipeline, backend) for run in runs}
    return {pipeline: pair for pipeline, pair in found.items() if pair is not None}


def _views(
    runs: Sequence[RunRecord],
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
    pairs: Mapping[str, RecordedPair],
    is_single: bool = False,
) -> list[PipelineView]:
    return [
        view_pipeline(
            run,
            rows,
            store,
            assets,
            f"{name}.html",
            prefix=f"{name}." if is_single else "",
            compare_file=_compare_name(name) if run.pipeline in pairs else None,
            nodes_file=f"{name}--nodes.html" if run.nodes and not is_single else None,
        )
        for run, name in zip(runs, _page_names(runs), strict=True)
    ]


def _comparison(
    pair: RecordedPair, rows: Mapping[str, Row], store: Store, assets: Assets
) -> ComparisonView:
    (a, run_a), (b, run_b) = pair
    diff = difference_of(a, run_a, b, run_b, rows, with_equal_metrics=True)
    return view_comparison(diff, run_a, run_b, rows, store, assets)


def _page_names(runs: Sequence[RunRecord]) -> list[str]:
    """A file name, without extension, for each pipeline: its own name wherever that is safe."""
    names = []
    for pipeline in (run.pipeline for run in runs):
        name = slug(pipeline)
        if name != pipeline or name in (INDEX, METRICS):
            name = f"{name}-{hashlib.sha256(pipeline.encode()).hexdigest()[:8]}"
        names.append(name)
    return names


def _compare_name(name: str) -> str:
    """Two hyphens: no other page has them."""
    return f"{name}--compare.html"


def _render_folder(content: _Content, assets: AssetFolder) -> dict[str, bytes]:
    shared = beside_pages(assets)
    views = content.views
    files = {
        view.file_name: render(
            "pipeline.html",
            view=view,
            views=views,
            search_entries=search_entries([view], view.file_name),
            **shared,
        )
        for view in views
    }
    for view in views:
        if view.nodes_file:
            files[view.nodes_file] = render("nodes.html", view=view, **shared)
        if view.compare_file:
            comparison = content.comparisons[view.compare_file]
            files[view.compare_file] = render(
                "compare.html", view=comparison, pipeline_file=view.file_name, **shared
            )
    files["metrics.html"] = render("metrics.html", metrics=content.metrics, **shared)
    files["index.html"] = render(
        "index.html",
        views=views,
        problems=content.problems,
        claims=claims_summary(views),
        search_entries=search_entries(views, "index.html"),
        **shared,
    )
    return files


def _render_single(content: _Content) -> bytes:
    return render(
        "single.html",
        views=content.views,
        metrics=content.metrics,
        problems=content.problems,
        claims=claims_summary(content.views, is_single=True),
        search_entries=search_entries(content.views),
        **inside_page(),
    )
