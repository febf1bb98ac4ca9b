"""A page printed as a PDF."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.cli.regenerate_report import regenerate_report
from tasks import BadInput
from tasks.report.files import PDF_MARK, replace_own_file
from tasks.report.pdf import print_page

PAGE = """<!doctype html><title>T</title><style>@page { size: A4 }
section { break-after: page }</style><section>one <a href="https://example.org/a">link</a></section>
<section>two</section><p>three</p>"""


@pytest.mark.browser
def test_pages_and_links_are_in_the_pdf(tmp_path: Path, running_chromium: object) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    data = print_page(page)
    assert data.startswith(b"%PDF-") and data.endswith(PDF_MARK)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 3
    assert b"https://example.org/a" in data


@pytest.mark.browser
def test_page_that_is_not_there_is_refused(tmp_path: Path, running_chromium: object) -> None:
    with pytest.raises(BadInput, match=r"no gallery\.html; .* have a page each"):
        print_page(tmp_path / "gallery.html")


def test_only_a_pdf_of_a_report_is_replaced(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.pdf", tmp_path / "theirs.pdf"
    ours.write_bytes(b"%PDF-1.4\n%%EOF\n" + PDF_MARK)
    theirs.write_bytes(b"%PDF-1.4\n%%EOF\n")
    replace_own_file(ours, b"new", "--pdf")
    assert ours.read_bytes() == b"new"
    with pytest.raises(BadInput, match="choose another file with --pdf"):
        replace_own_file(theirs, b"new", "--pdf")


def test_without_chromium_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="apt install chromium"):
        print_page(tmp_path / "page.html")


@pytest.mark.parametrize("pipelines", [None, ["a", "b"]])
def test_one_page_is_printed(tmp_path: Path, pipelines: list[str] | None) -> None:
    with pytest.raises(BadInput, match="name its pipeline with --pipeline"):
        regenerate_report(str(tmp_path), None, pipelines, None, False, None, "out.pdf")
