from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tasks import BadInput
from tasks.report import files
from tasks.report.files import (
    GENERATOR,
    LIST_NAME,
    replace_own_file,
    write_report_files,
    zip_bytes,
)
from tests.report.made_up_run import files_of

OLD = f"assets/{'a' * 16}.png"
NEW = f"assets/{'b' * 16}.png"


def test_files_no_longer_used_go_and_files_of_others_stay(tmp_path):
    write_report_files(tmp_path, {"index.html": b"1", "old.html": b"1", OLD: b"1"})
    (tmp_path / "assets" / "mine.png").write_bytes(b"mine")
    (tmp_path / "notes.html").write_bytes(b"mine")
    write_report_files(tmp_path, {"index.html": b"2", NEW: b"2"})
    found = files_of(tmp_path)
    found.pop(LIST_NAME)
    assert found == {
        "index.html": b"2",
        NEW: b"2",
        "assets/mine.png": b"mine",
        "notes.html": b"mine",
    }


def test_a_forged_list_removes_nothing_outside_the_report(tmp_path):
    (tmp_path / "outside.html").write_bytes(b"mine")
    folder = tmp_path / "out"
    write_report_files(folder, {"index.html": b"1"})
    (folder / "assets").mkdir()
    (folder / "assets" / "mine.png").write_bytes(b"mine")
    forged = ["../outside.html", "assets/mine.png", str(tmp_path / "outside.html"), 3, None]
    (folder / LIST_NAME).write_text(json.dumps({"files": forged}))
    with pytest.raises(BadInput):
        write_report_files(folder, {"index.html": b"2"})
    (folder / LIST_NAME).write_text(json.dumps({"files": [*forged[:3], "index.html"]}))
    write_report_files(folder, {"index.html": b"2"})
    assert (tmp_path / "outside.html").exists()
    assert (folder / "assets" / "mine.png").exists()


def test_somebody_elses_index_is_not_overwritten(tmp_path):
    (tmp_path / "index.html").write_bytes(b"mine")
    with pytest.raises(BadInput, match="not a report of Darkroom"):
        write_report_files(tmp_path, {"index.html": b"1"})
    assert files_of(tmp_path) == {"index.html": b"mine"}


def test_a_crash_leaves_the_earlier_index_whole_and_no_orphans_later(tmp_path, monkeypatch):
    write_report_files(tmp_path, {"index.html": b"1", OLD: b"1"})
    replace = os.replace

    def fail_at_the_index(source, target):
        if str(target).endswith("index.html"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", fail_at_the_index)
    with pytest.raises(KeyboardInterrupt):
        write_report_files(tmp_path, {"index.html": b"2", NEW: b"2"})
    assert (tmp_path / "index.html").read_bytes() == b"1"
    assert (tmp_path / OLD).exists()
    monkeypatch.undo()
    write_report_files(tmp_path, {"index.html": b"3"})
    assert sorted(files_of(tmp_path)) == ["index.html", LIST_NAME]


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot be written here"):
        write_report_files(tmp_path / "out", {"index.html": b"1"})


@pytest.mark.parametrize("path", ["small.html", NEW, LIST_NAME])
@pytest.mark.parametrize("has_report", [False, True])
def test_nothing_that_is_not_ours_is_replaced(tmp_path, path, has_report):
    if has_report and path == LIST_NAME:
        pytest.skip("then it is ours")
    if has_report:
        write_report_files(tmp_path, {"index.html": b"1", OLD: b"1"})
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(b"mine")
    before = files_of(tmp_path)
    with pytest.raises(BadInput, match=f"holds a file {path} that is not a report"):
        write_report_files(tmp_path, {"index.html": b"2", "small.html": b"2", NEW: b"2"})
    assert files_of(tmp_path) == before


def test_files_that_are_the_same_are_nobodys_loss(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / NEW).write_bytes(b"2")
    write_report_files(tmp_path, {"index.html": b"2", NEW: b"2"})
    assert (tmp_path / "index.html").read_bytes() == b"2"


@pytest.mark.parametrize("data", [b"mine", b"<html>mine</html>", zip_bytes({"a.txt": b"mine"})])
def test_named_file_of_somebody_else_stays(tmp_path, data):
    (tmp_path / "out").write_bytes(data)
    with pytest.raises(BadInput, match="is there already and not of Darkroom"):
        replace_own_file(tmp_path / "out", b"new", "--out")
    assert (tmp_path / "out").read_bytes() == data


def test_named_file_of_ours_is_replaced(tmp_path):
    ours = zip_bytes({f"report/{LIST_NAME}": b"{}", "report/index.html": b""})
    for earlier in (None, b"", ours, b"<head>" + GENERATOR + b"</head>"):
        if earlier is not None:
            (tmp_path / "out").write_bytes(earlier)
        replace_own_file(tmp_path / "out", b"new", "--out")
        assert (tmp_path / "out").read_bytes() == b"new"


def test_every_page_says_that_it_is_ours():
    template = (Path(files.__file__).parent / "templates" / "base.html").read_bytes()
    assert GENERATOR in template
