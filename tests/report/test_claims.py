"""The report's claims: each with a word and a symbol, what fails as plain as what holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.claimed_run import FAILED, HELD, OPEN, UNCHECKED, record_claims

VERDICTS = {
    "holds": ("✓", HELD),
    "does not hold here": ("✗", FAILED),
    "not measurable here": ("?", OPEN),
    "not checked": ("-", UNCHECKED),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def pages(store: Store, folder: Path, **options: object) -> dict[str, str]:
    build_report(store, folder, **options)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}


def article(page: str, anchor: str) -> str:
    """The block of one claim."""
    found = re.search(
        rf'<article class="claim [^>]*aria-labelledby="{anchor}">.*?</article>', page, re.DOTALL
    )
    assert found, anchor
    return found[0]


@pytest.fixture
def blocks(store: Store, tmp_path: Path) -> dict[str, str]:
    """The block of a claim with each verdict."""
    names = {verdict: verdict.replace(" ", "-") for verdict in VERDICTS}
    found = {names[verdict]: info for verdict, (_, info) in VERDICTS.items()}
    record_claims(store, "course", {"course": found})
    page = pages(store, tmp_path / "report")["course.html"]
    return {verdict: article(page, f"claim-course-{name}") for verdict, name in names.items()}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_a_word_beside_a_symbol(blocks: dict[str, str], verdict: str) -> None:
    symbol = VERDICTS[verdict][0]
    assert f'aria-hidden="true">{symbol}</span> {verdict}<' in blocks[verdict]


def test_a_claim_shows_numbers_seeds_interval_and_where_it_was_measured(
    blocks: dict[str, str],
) -> None:
    block = blocks["holds"]
    for text in (
        "The error falls from 0.02 to 0.01.",
        "<dt>error</dt><dd>0.01</dd>",
        "3 seeds",
        "the fall: 0.005 to 0.015 (95 percent, 2,000 bootstrap resamples, seed 7)",
        "profile: quick",
        '<a href="#loss"><span class="code">B1</span> The loss</a>',
        'download="course-holds.parquet"',
        "Holds when: The error falls.",
    ):
        assert text in block


def test_a_failed_claim_shows_all_that_one_that_holds_does(blocks: dict[str, str]) -> None:
    assert "<dt>error</dt><dd>0.01</dd>" in blocks["does not hold here"]
    # What was measured may hold a prompt: it stays text.
    assert "It &lt;b&gt;rises&lt;/b&gt;." in blocks["does not hold here"]


def test_what_stands_in_the_way_of_a_check_is_told(blocks: dict[str, str]) -> None:
    assert "Because there is a single seed." in blocks["not measurable here"]
    assert "train/m failed" in blocks["not checked"]


def test_the_first_page_counts_verdicts_and_links_each_to_its_own_page(
    store: Store, tmp_path: Path
) -> None:
    record_claims(store, "course", {"course": {"one": HELD, "two": FAILED}})
    record_claims(
        store, "gallery", {"course": {"one": HELD, "two": FAILED}, "other": {"one": OPEN}}
    )
    index = pages(store, tmp_path / "report")["index.html"]
    counts = re.search(r'id="claims-overview">.*?</p>', index, re.DOTALL)
    assert counts
    for text in ("1 holds", "1 does not hold here", "1 not measurable here"):
        assert f"</span> {text}<" in counts[0]
    assert 'href="course.html#claim-course-two"' in index
    assert 'href="gallery.html#claim-other-one"' in index
    assert "gallery.html#claim-course" not in index


def test_a_single_file_links_within_itself(store: Store, tmp_path: Path) -> None:
    record_claims(store, "course", {"course": {"one": HELD}})
    record_claims(store, "second", {"second": {"one": FAILED}})
    page = pages(store, tmp_path / "report", single_file=True)["index.html"]
    for anchor in ("course.claim-course-one", "second.claim-second-one"):
        assert f'href="#{anchor}"' in page and f'id="{anchor}"' in page


def test_a_run_of_before_there_were_claims_has_no_such_section(
    store: Store, tmp_path: Path
) -> None:
    record_claims(store, "course", {})
    found = pages(store, tmp_path / "report")
    assert 'id="claims"' not in found["course.html"]
    assert "claims-overview" not in found["index.html"]
