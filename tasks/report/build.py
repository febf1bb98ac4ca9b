"""Building the report from a store: read, arrange, render, write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
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
from tasks.report.run_record import (
    RecordedPair,
    RunRecord,
    newest_pair,
    newest_runs,
    pipelines_of,
)
from tasks.report.under_way import NEWS, RunUnderWay, page_script, with_progress
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
    under_way: RunUnderWay | None = None,
) -> Path:
    """Write the report of the newest run of each pipeline and return the path of index.html.

    pipelines: those to show, None for all that have run; pages of others in `out` are removed.
    single_file: one index.html with everything inside, no assets, no comparison with earlier runs.
    backend: name of the text-to-image model that the runs used, None for any.
    under_way: a run to show in place of the newest one of its pipeline; its pages ask what is new.
    BadInput where there is no run to show or `out` cannot be written.
    """
    recorded = store.rows()
    records = {row.key: row for row in recorded.of_kind("run")}
    runs, unreadable = _runs(store, records, pipelines, backend, under_way)
    growing = under_way.record.pages if under_way is not None else []
    recorded_runs = [run for run in runs if not any(run is page for page in growing)]
    pairs = {} if single_file else _pairs(store, records, recorded_runs, backend)
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
        files = _render_folder(content, assets, under_way is not None)
        if under_way is not None:
            files = _telling_progress(files, assets, under_way)
        files |= assets.files
    write_report_files(out, files)
    return out / "index.html"


def _runs(
    store: Store,
    records: Mapping[str, Row],
    pipelines: list[str] | None,
    backend: str | None,
    under_way: RunUnderWay | None,
) -> tuple[list[RunRecord], list[str]]:
    if under_way is None:
        return newest_runs(store, records, pipelines, backend)
    pages = under_way.record.pages
    known = [row for row in records.values() if row.kind == "run"]
    shown = {name for row in known for name in pipelines_of(row)}
    if pipelines is not None:
        shown &= set(pipelines)
    others = sorted(shown - {under_way.record.pipeline, *(page.pipeline for page in pages)})
    runs, unreadable = newest_runs(store, records, others, backend) if others else ([], [])
    names = {page.pipeline for page in pages}
    runs = [run for run in runs if run.pipeline not in names]
    return sorted([*runs, *pages], key=lambda run: run.pipeline), unreadable


def page_of(pipeline: str) -> str:
    """The file of a pipeline's page."""
    return f"{_page_name(pipeline)}.html"


def first_page_of(pipeline: str, is_several: bool) -> str:
    """The file to open of a run. is_several: of pipelines that were run as one and have a page
    each, which the index introduces."""
    return f"{INDEX}.html" if is_several else page_of(pipeline)


def build_empty(
    out: Path, pipeline: str, title: str, news: Callable[[Mapping[str, str]], bytes]
) -> None:
    """Pages of a pipeline of which there is nothing to show yet; they ask what is new.

    news: as of RunUnderWay.
    """
    assets = AssetFolder()
    text = render("problem.html", title=title, **beside_pages(assets, is_under_way=True))
    pages = dict.fromkeys(("index.html", page_of(pipeline)), text)
    scripts = {name: page_script(text.decode(), assets) for name in pages}
    write_report_files(out, {**pages, NEWS: news(scripts), **assets.files})


def _telling_progress(
    pages: Mapping[str, bytes], assets: AssetFolder, under_way: RunUnderWay
) -> dict[str, bytes]:
    """The pages with progress, and the file that tells an open one of them what is new."""
    texts = {name: data.decode() for name, data in pages.items()}
    scripts = {
        name: page_script(text, assets)
        for name, text in texts.items()
        # These are made by their script, and have what is new once they are loaded again.
        if name != f"{METRICS}.html"
    }
    told = {name: with_progress(text, under_way.progress) for name, text in texts.items()}
    return {name: text.encode() for name, text in told.items()} | {NEWS: under_way.news(scripts)}


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
    return [_page_name(run.pipeline) for run in runs]


def _page_name(pipeline: str) -> str:
    name = slug(pipeline)
    if name != pipeline or name in (INDEX, METRICS):
        name = f"{name}-{hashlib.sha256(pipeline.encode()).hexdigest()[:8]}"
    return name


def _compare_name(name: str) -> str:
    """Two hyphens: no other page has them."""
    return f"{name}--compare.html"


def _render_folder(
    content: _Content, assets: AssetFolder, is_under_way: bool = False
) -> dict[str, bytes]:
    shared = beside_pages(assets, is_under_way)
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
