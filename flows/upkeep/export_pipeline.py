"""`darkroom export`: a pipeline's report and its rows of the manifest in one file to hand on.

report/index.html, report/assets/...     opens from disk once unpacked
manifest.parquet                         rows of the run and of all it was made from
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from flows.run_record import KIND
from flows.upkeep.reachable import keys_of_runs, with_inputs
from flows.upkeep.recorded_runs import RunUnreadable, run_rows
from tasks.errors import BadInput
from tasks.report.build import build_report
from tasks.store.durable_file import write_local_file
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold; every member has it, so that equal contents are equal bytes."""


def export_pipeline(store: Store, pipeline: str, out: Path) -> Path:
    """Write the newest run of `pipeline` to `out` and return it. Same store, same bytes.

    BadInput if the pipeline has no run that can be read, or `out` cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        build_report(store, report, [pipeline])
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in report.rglob("*")
            if path.is_file()
        }
    files["manifest.parquet"] = _manifest_of(store, pipeline)
    try:
        write_local_file(out, _zip(files))
    except BadInput as error:
        raise BadInput(f"{out} cannot be written; choose another file with --out") from error
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


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    # Stored, not deflated: images and Parquet do not shrink, and zlib's bytes vary by its version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, wherever it is made
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name])
    return buffer.getvalue()
