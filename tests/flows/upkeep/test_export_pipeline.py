from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from flows.upkeep.export_pipeline import export_pipeline
from tasks import BadInput
from tasks.report.build import build_report
from tasks.store.node import key_of_run
from tasks.store.row_file import rows_from_parquet
from tests.flows.recorded_plan import plan_of
from tests.flows.upkeep.recorded_run import record_made, record_run
from tests.report.made_up_run import files_of


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_zip_holds_the_report_and_the_rows_of_that_pipeline_alone(changed, file, store, tmp_path):
    everything = plan_of(file, store, "all")
    record_made(store, everything)
    record_run(store, everything, "run-all", age=1)
    files = members(export_pipeline(store, "first", tmp_path / "out.zip"))
    rows, problems = rows_from_parquet(files.pop("manifest.parquet"))
    wanted = {planned.key for planned in changed.nodes} | {key_of_run("run-2")}
    assert (problems, {row.key for row in rows}) == ([], wanted)
    build_report(store, tmp_path / "report", ["first"])
    expected = files_of(tmp_path / "report")
    assert files == {f"report/{name}": data for name, data in expected.items()}


def test_equal_stores_give_equal_bytes(changed, store, tmp_path):
    first = export_pipeline(store, "first", tmp_path / "a.zip").read_bytes()
    store.compact()
    assert export_pipeline(store, "first", tmp_path / "b.zip").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None


def test_pipeline_that_never_ran_is_refused(changed, store, tmp_path):
    with pytest.raises(BadInput, match="no run of all"):
        export_pipeline(store, "all", tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_place_that_cannot_be_written_is_refused(changed, store, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="--out"):
        export_pipeline(store, "first", tmp_path / "file" / "out.zip")
