"""`darkroom export`: a pipeline's report and its rows of the manifest in one file to hand on.

report/index.html, report/assets/...     opens from disk once unpacked
manifest.parquet                         rows of the run and of all it was made from
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from flows.run.run_record import KIND
from flows.upkeep.runs import RunUnreadable, keys_of_runs, run_rows, with_inputs
from tasks.report.build import build_report
from tasks.report.files import files_below, replace_own_file, zip_bytes
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store


def export_pipeline(store: Store, pipeline: str, out: Path) -> Path:
    """Write the newest run of `pipeline` to `out` and return it. Same store, same bytes.

    BadInput if the pipeline has no run that can be read, or `out` cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        build_report(store, Path(folder) / "report", [pipeline])
        files = files_below(Path(folder))
    files["manifest.parquet"] = _manifest_of(store, pipeline)
    replace_own_file(out, zip_bytes(files), "--out")
    return out


def _manifest_of(store: Store, pipeline: str) -> bytes:
    """Of the run that the report shows: the newest that can be read."""
    rows = store.rows()
    keys: set[str] = set()
    for run in run_rows(rows.of_kind(KIND), pipeline):
        try:
            keys = keys_of_runs(store, [run])
            break
        except RunUnreadable:
            continue
    needed = with_inputs(keys, rows)
    return rows_to_parquet(row for _, row in sorted(rows.select(needed).items()))
