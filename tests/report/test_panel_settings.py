from __future__ import annotations

from pathlib import Path

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page


def page_of(store: Store, folder: Path, **options: object) -> str:
    MadeUpRun(store, figures=["samples"], **options).record()
    return Page.read(build_report(store, folder / "out").with_name("course.html")).text


def test_settings_of_a_panel_are_those_of_its_drawing(store: Store, tmp_path: Path) -> None:
    text = page_of(store, tmp_path)
    assert "rows 4" in text and "columns 10" in text


def test_panel_may_bring_its_own_settings(store: Store, tmp_path: Path) -> None:
    text = page_of(store, tmp_path, settings=[("i_start", "10"), ("starts at t", "690")])
    assert "i_start 10" in text and "starts at t 690" in text
    assert "rows 4" not in text
