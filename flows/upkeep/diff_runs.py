"""`darkroom diff`: settings, metrics and images of two runs, side by side."""

from __future__ import annotations

from pathlib import Path

from flows.upkeep.recorded_runs import choose_run, read_run
from tasks import BadInput
from tasks.report.compare import RunDiff, comparison_page, difference_of
from tasks.store.durable_file import write_local_file
from tasks.store.store import Store


def diff_runs(
    store: Store,
    wanted_a: str,
    wanted_b: str,
    pipeline: str | None = None,
    *,
    with_equal_metrics: bool = False,
) -> RunDiff:
    """The runs are named as for choose_run. with_equal_metrics: list also those that agree."""
    rows = store.rows()
    a, b = choose_run(rows, wanted_a, pipeline), choose_run(rows, wanted_b, pipeline)
    run_a, run_b = read_run(store, a), read_run(store, b)
    return difference_of(a, run_a, b, run_b, rows, with_equal_metrics=with_equal_metrics)


def write_comparison(
    store: Store, wanted_a: str, wanted_b: str, out: Path, pipeline: str | None = None
) -> Path:
    """The same as a page that is one file, with the images in it. BadInput if `out` cannot be
    written."""
    rows = store.rows()
    a, b = choose_run(rows, wanted_a, pipeline), choose_run(rows, wanted_b, pipeline)
    page = comparison_page(store, rows, (a, read_run(store, a)), (b, read_run(store, b)))
    try:
        write_local_file(out, page)
    except BadInput as error:
        raise BadInput(f"{out} cannot be written; choose another file with --html") from error
    return out
