"""The page of a pipeline with a text."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from tasks.report.build import build_report
from tests.flows.conftest import REPOSITORY
from tests.report.made_up_run import MadeUpRun, files_of
from tests.report.page_reader import Page
from tests.report.written_run import HOSTILE, record_written


@pytest.fixture
def page(store, tmp_path) -> Page:
    record_written(store)
    return Page.read(build_report(store, tmp_path / "out").with_name("written.html"))


def built(store, tmp_path, text: str) -> Page:
    record_written(store, text)
    return Page.read(build_report(store, tmp_path / "out").with_name("written.html"))


def test_page_says_what_the_text_says_in_its_order(page):
    assert page.unclosed == []
    order = ["and <i>how</i>", "A model learns", "Every step", "Figure 1.", "many words"]
    places = [page.text.index(each) for each in order]
    assert places == sorted(places)


def test_every_link_of_the_page_leads_somewhere(page):
    ids = page.ids
    assert len(ids) == len(set(ids))
    within = {each[1:] for each in page.addresses if each.startswith("#")}
    assert within - set(ids) == set()


def test_what_a_user_wrote_is_never_markup(page):
    assert page.text.count(HOSTILE) >= 3
    assert not any(name in ("i", "b") for name, _ in page.tags)
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert not [each for each in page.addresses if "javascript" in each]


def test_numbers_are_those_of_the_run_and_missing_ones_are_labelled(page):
    assert "the distance is 12.3 after 1.5 s with 10 epochs" in page.text
    assert "[frechet_distance of evaluate/m/epoch-020: not measured yet]" in page.text
    assert "Told 10 times." in page.text


def test_figures_are_numbered_and_referred_to_both_ways(page):
    assert "Figure 1 and Figure 2 show it" in page.text
    assert "#loss" in page.addresses and "loss" in page.ids
    back = [each for each in page.addresses if each.startswith("#text-mention-")]
    assert len(back) == 3


def test_figure_left_out_follows_in_an_appendix(page):
    assert page.text.index("More figures", 1500) < page.text.index("Figure 2.")


def test_claims_have_their_verdict_and_numbers_beside_them(page):
    text = page.text
    for sentence, verdict in [
        ("It gets better with time", "✓ holds"),
        ("not by much", "✗ does not hold here"),
        ("nobody knows", "? not measurable here"),
    ]:
        assert f"{sentence} {verdict}" in text
    assert ("details", {"class": "verdict-here"}) in page.tags


def test_citations_and_references(page):
    assert "( Ho et al. 2020 ; Song and Ermon 2019 )" in page.text
    assert "Song and Ermon (2019)" in page.text
    assert "Ho, J., Jain, A. and Abbeel, P. (2020)" in page.text
    assert "https://arxiv.org/abs/2006.11239" in page.addresses


def test_listing_shows_the_source_that_was_recorded(page):
    assert "# <script>alert(1)</script> return x" in page.text
    assert "lines 3 to 5, as recorded at commit beefbeefbeef with changes" in page.text
    assert "The listing of tasks.diffusion:not_yet is recorded when" in page.text


def test_formulas_are_static_and_numbered(page):
    assert sum(name == "math" for name, _ in page.tags) >= 5
    assert "(1)" in page.text


def test_index_introduces_the_page_by_its_first_sentences(store, tmp_path):
    record_written(store)
    index = Page.read(build_report(store, tmp_path / "out"))
    assert "A model learns the noise" in index.text


def test_one_panel_can_be_placed_by_number_or_name(store, tmp_path):
    for panel in ("1", "panel"):
        page = built(store, tmp_path, f"# T\n\n![](figure:samples/{panel})\n\n@fig:samples")
        assert page.text.index("Figure 1.") < page.text.index("More figures")
        # It is captioned by its own title, which then stands once.
        assert "Figure 1. A panel" in page.text
        assert page.text.count("A panel") == 2


def test_what_ends_a_formula_stays_on_its_line(store, tmp_path):
    page = built(store, tmp_path, "# T\n\nFor $x$, $y$ and ($z$).")
    kept = [a for tag, a in page.tags if tag == "span" and a.get("class") == "unbroken"]
    assert len(kept) == 2 and "x,yand(z)." in page.text.replace(" ", "")


def test_text_that_names_what_the_run_lacks_is_shown_without_it(store, tmp_path):
    page = built(
        store, tmp_path, "# T\n\n![](figure:gone)\n\n@fig:gone and [x](claim:gone) $\\bad$"
    )
    assert "cannot be shown whole" in page.text
    assert page.unclosed == []


def test_single_file_and_zip_and_folder_carry_the_text(store, tmp_path):
    record_written(store)
    command = [sys.executable, "-m", "flows.cli.regenerate_report", "--store", store.address]
    for options in (["--out", "folder"], ["--single-file", "--out", "one"], ["--zip", "it.zip"]):
        done = subprocess.run(
            [*command, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        zipped = archive.read("report/written.html")
    assert zipped == (tmp_path / "folder/written.html").read_bytes()
    one = Page.read(tmp_path / "one/index.html")
    assert one.unclosed == [] and "A model learns the noise" in one.text
    within = {each[1:] for each in one.addresses if each.startswith("#")}
    assert within - set(one.ids) == set()


def test_the_same_record_gives_the_same_bytes(store, tmp_path):
    record_written(store)
    build_report(store, tmp_path / "a")
    build_report(store, tmp_path / "b")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_page_without_a_text_knows_nothing_of_texts(store, tmp_path):
    MadeUpRun(store).record()
    page = Page.read(build_report(store, tmp_path / "out").with_name("course.html"))
    assert not any("prose" in (attributes.get("class") or "") for _, attributes in page.tags)
