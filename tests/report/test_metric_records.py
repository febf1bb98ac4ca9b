"""The table of all metrics: complete, in full precision, and as files to take away."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest

from tasks.report import build
from tasks.report.build import build_report
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page


@pytest.fixture
def two_pipelines(store):
    MadeUpRun(store).record()
    MadeUpRun(store, pipeline="other", run_id="run-2").record()
    return store


def tables_of(folder) -> tuple[list[dict[str, str]], list[dict[str, object]]]:
    """Rows of the CSV and of the Parquet file that the page of metrics leads to."""
    files = {path.rpartition(".")[2]: path for path in Page.read(folder / "metrics.html").addresses}
    text = (folder / files["csv"]).read_text()
    return list(csv.DictReader(io.StringIO(text))), pq.read_table(
        folder / files["parquet"]
    ).to_pylist()


def test_csv_and_parquet_hold_every_metric_of_every_pipeline(two_pipelines, tmp_path):
    build_report(two_pipelines, tmp_path / "out")
    as_text, as_values = tables_of(tmp_path / "out")
    assert len(as_values) == 10
    assert [{**row, "value": float(row["value"]), "seed": int(row["seed"])} for row in as_text] == (
        as_values
    )
    distances = {
        (row["pipeline"], row["run"]): row["value"]
        for row in as_values
        if row["metric"] == "frechet_distance"
    }
    assert distances == {("course", "run-1"): 12.34, ("other", "run-2"): 12.34}


def test_a_store_without_metrics_says_so(store, tmp_path):
    MadeUpRun(
        store, figures=[], statuses=dict.fromkeys(("train/m", "evaluate/m/epoch-010"), "skipped")
    ).record()
    build_report(store, tmp_path / "out")
    assert "Nothing has been measured yet." in Page.read(tmp_path / "out" / "metrics.html").text


def test_single_file_holds_the_tables_while_they_are_small(two_pipelines, tmp_path, monkeypatch):
    page = Page.read(build_report(two_pipelines, tmp_path / "small", single_file=True))
    starts = {address.partition(";")[0] for address in page.addresses}
    assert {"data:text/csv", "data:application/vnd.apache.parquet"} <= starts
    monkeypatch.setattr(build, "MOST_EMBEDDED", 10)
    page = Page.read(build_report(two_pipelines, tmp_path / "large", single_file=True))
    assert "data:application/vnd.apache.parquet" not in " ".join(page.addresses)
    assert "Too large to be inside this page" in page.text
