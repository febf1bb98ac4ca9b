"""The table of all metrics: complete, in full precision, and as files to take away."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest

from tasks.report import build
from tasks.report.build import build_report
from tests.report.browsing import Visit
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


@pytest.fixture
def metrics_page(browser, two_pipelines, tmp_path):
    index = build_report(two_pipelines, tmp_path / "out")
    return Visit(browser, index.with_name("metrics.html"))


def shown_column(page, column: int) -> list[str]:
    """Texts of the cells of the rows that are seen, from top to bottom."""
    return [
        row.locator("td, th").nth(column).inner_text()
        for row in page.locator("table.records tbody tr:visible").all()
    ]


def shown_values(page) -> list[float]:
    """In full precision, from top to bottom."""
    told = "cells => cells.map(cell => Number(cell.dataset.value))"
    return page.locator("[data-value]").evaluate_all(told)


@pytest.mark.browser
def test_a_click_on_a_head_sorts_by_it_and_another_turns_the_order(metrics_page):
    page = metrics_page.page
    head = page.get_by_role("columnheader", name="value")
    values = shown_values(page)
    assert values != sorted(values)
    for order, turned in (("ascending", False), ("descending", True)):
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == order
        assert shown_values(page) == sorted(values, reverse=turned)
    page.get_by_role("columnheader", name="metric").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    metrics = shown_column(page, 3)
    assert metrics == sorted(metrics, key=str.lower) and len(set(metrics)) > 1
    assert metrics_page.complaints == []


@pytest.mark.browser
def test_the_filter_leaves_rows_with_all_its_words_and_counts_them(metrics_page):
    page = metrics_page.page
    page.get_by_label("Filter").fill("other evaluate")
    assert set(shown_column(page, 0)) == {"other"}
    assert set(shown_column(page, 1)) == {"evaluate/m/epoch-010"}
    assert page.locator(".filter output").inner_text() == "3 of 10"
    page.get_by_label("Filter").fill("nothing is called so")
    assert shown_column(page, 0) == []
    page.get_by_label("Filter").fill("")
    assert len(shown_column(page, 0)) == 10


@pytest.mark.browser
def test_the_table_is_taken_away_as_a_csv_of_all_of_it(metrics_page):
    page = metrics_page.page
    page.get_by_label("Filter").fill("other")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 1 + 10
