"""Building the report from a store: read, arrange, render, write."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report.assets import AssetFolder, Assets, EmbeddedAssets
from tasks.report.output_folder import write_report_files
from tasks.report.pipeline_view import PipelineView, view_pipeline
from tasks.report.run_record import newest_runs
from tasks.report.search_entries import search_entries
from tasks.report.wording import slug
from tasks.store.store import Store

_HERE = Path(__file__).parent
_LAST_SCRIPT = "start.js"


def build_report(
    store: Store,
    out: Path,
    pipelines: list[str] | None = None,
    single_file: bool = False,
    backend: str | None = None,
) -> Path:
    """Write the report of the newest run of each pipeline and return the path of index.html.

    pipelines: those to show, None for all that have run; pages of others in `out` are removed.
    single_file: one index.html with everything inside, no assets.
    backend: name of the text-to-image model that the runs used, None for any.
    BadInput where there is no run to show or `out` cannot be written.
    """
    recorded = store.rows()
    records = {row.key: row for row in recorded.of_kind("run")}
    runs, unreadable = newest_runs(store, records, pipelines, backend)
    rows = recorded.select({node.key for run in runs for node in run.nodes.values()})
    problems = sorted(store.problems)
    assets: Assets = EmbeddedAssets() if single_file else AssetFolder()
    names = _page_names([run.pipeline for run in runs])
    views = [
        view_pipeline(
            run, rows, store, assets, f"{name}.html", prefix=f"{name}." if single_file else ""
        )
        for run, name in zip(runs, names, strict=True)
    ]
    problems += unreadable
    files = (
        {"index.html": _render_single(views, problems)}
        if single_file
        else _render_folder(views, problems, assets)
    )
    if isinstance(assets, AssetFolder):
        files |= assets.files
    write_report_files(out, files)
    return out / "index.html"


def _page_names(pipelines: Sequence[str]) -> list[str]:
    """A file name, without extension, for each pipeline: its own name wherever that is safe."""
    names = []
    for pipeline in pipelines:
        name = slug(pipeline)
        if name != pipeline or name == "index":
            name = f"{name}-{hashlib.sha256(pipeline.encode()).hexdigest()[:8]}"
        names.append(name)
    return names


def _render_folder(
    views: Sequence[PipelineView], problems: Sequence[str], assets: Assets
) -> dict[str, bytes]:
    shared = {
        "style_address": assets.add(_static("style.css").encode(), "css"),
        "script_address": assets.add(_script().encode(), "js"),
        "is_single": False,
    }
    files = {
        view.file_name: _render(
            "pipeline.html",
            view=view,
            views=views,
            search_entries=search_entries([view], view.file_name),
            **shared,
        )
        for view in views
    }
    files["index.html"] = _render(
        "index.html",
        views=views,
        problems=problems,
        search_entries=search_entries(views, "index.html"),
        **shared,
    )
    return files


def _render_single(views: Sequence[PipelineView], problems: Sequence[str]) -> bytes:
    return _render(
        "single.html",
        views=views,
        problems=problems,
        search_entries=search_entries(views),
        style=Markup(_static("style.css")),
        script=Markup(_script()),
        is_single=True,
    )


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # The filter tojson writes <, >, & and ' as \\u003c and so on: no prompt can end a script.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return environment


@lru_cache
def _script() -> str:
    """All of static/script as one file: pages opened from disk cannot load modules."""
    names = sorted(path.name for path in (_HERE / "static" / "script").glob("*.js"))
    names.sort(key=lambda name: name == _LAST_SCRIPT)
    parts = [_static(f"script/{name}") for name in names]
    return "\n".join(['"use strict";\n(() => {', *parts, "})();\n"])


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")
