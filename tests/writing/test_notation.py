"""What a text says, places and names, and what is refused of it."""

from __future__ import annotations

import time

import pytest

from tasks.writing.read_text import MAX_BYTES, MAX_PARAGRAPH, read_text

HURTFUL = "size brackets quotes notes headings cells formulas braces figures paragraph"


def problems(source: str) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in read_text(source).problems]


def kinds(source: str) -> list[str]:
    document = read_text(source)
    assert document.problems == []
    return [t.type for t in document.tokens]


def test_figures_are_numbered_in_the_order_in_which_they_are_placed():
    document = read_text("![](figure:b)\n\n![Two](figure:a/2)\n\nSee @fig:b.")
    placed = [(each.name, each.number, each.line) for each in document.figures]
    assert placed == [("b", 1, 1), ("a/2", 2, 3)]
    assert [each.name for each in document.figure_references] == ["b"]


def test_first_heading_of_level_one_is_the_title_and_the_others_are_numbered():
    document = read_text("# T\n\n## A\n\n### B {#sec:b}\n\n## C\n\n#### D\n\n@sec:b")
    assert [t.content for t in document.title] == ["T"]
    numbers = [(each.number, each.level) for each in document.headings]
    assert numbers == [("1", 2), ("1.1", 3), ("2", 2), ("2.1", 3)]
    assert document.headings[1].label == "sec:b"


def test_formulas_with_a_label_are_numbered():
    document = read_text("$$ a $$\n\n$$\nb\n+ c\n$$ {#eq:two}\n\n$$ d $$ {#eq:three}\n\n@eq:three")
    assert document.problems == []
    assert document.equations == {"eq:two": 1, "eq:three": 2}
    assert [t.content for t in document.tokens if t.type == "formula"] == ["a", "b\n+ c", "d"]


def test_prices_stay_prices_and_code_stays_code():
    document = read_text('From $5 to $10, `$x$` and `{{ seed("a") }}`; \\$x\\$, a@b.org and \\@ho.')
    assert document.problems == []
    assert (document.numbers, document.citations) == ([], [])
    inline = document.tokens[1]
    assert not any(child.type == "math" for child in inline.children)


def test_numbers_are_found_wherever_text_stands_with_their_lines():
    source = (
        '# {{ seed("a") }}\n\none\ntwo {{ metric("b", "c"):.2f }}\n\n'
        "| x |\n|---|\n| {{ profile() }} |\n"
    )
    found = [(str(n.number.call), n.number.format, n.line) for n in read_text(source).numbers]
    assert found == [('seed("a")', "", 1), ('metric("b", "c")', ".2f", 4), ("profile()", "", 8)]


def test_listings_belong_to_the_figures_of_their_section():
    source = "## A\n\n```listing a.b:c\n```\n\n![](figure:x)\n\n## B\n\n```listing a.b:d\n```\n"
    found = [(each.address, each.figures) for each in read_text(source).listings]
    assert found == [("a.b:c", ("x",)), ("a.b:d", ())]


def test_citation_may_end_a_clause():
    for end in (".", ":", ";", ""):
        (paragraph,) = [t for t in read_text(f"As in [@a; @b]{end}").tokens if t.type == "inline"]
        assert [c.type for c in paragraph.children][:2] == ["text", "citation"]


def test_contents_and_references_stand_alone_in_a_paragraph():
    assert kinds("[TOC]\n\n[REFERENCES]") == ["contents", "references"]
    assert "contents" not in kinds("Here: [TOC]")


def test_raw_html_stays_text():
    document = read_text("<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b")
    assert document.problems == []
    assert {t.type for t in document.tokens} == {"paragraph_open", "inline", "paragraph_close"}


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("a\n\nb @eq:x", 3, "@eq:x refers to nothing"),
        ("## A {#sec:noise}\n\n@sec:nois", 3, "did you mean sec:noise?"),
        ("$\\alhpa$", 1, "did you mean \\alpha?"),
        ("a\n$x$ and $x_1_2$", 2, "double subscripts"),
        ("$$\nx", 1, "has no $$ that ends it"),
        ("[a](javascript:alert(1))", 1, "not allowed"),
        ("[a](data:text/html,x)", 1, "not allowed"),
        ("[a](JaVaScRiPt:alert(1))", 1, "not allowed"),
        ("<vbscript:x>", 1, "not allowed"),
        ("[a](../../etc/passwd)", 1, "not allowed"),
        ("[a](#nowhere)", 1, "leads nowhere"),
        ("![x](../../etc/passwd)", 1, "is no figure of this write-up"),
        ("![x](https://example.org/x.png)", 1, "is no figure of this write-up"),
        ("a ![](figure:x) b", 1, "in one of its own"),
        ("![](figure:x)\n\n![](figure:x)", 3, "a second time (first on line 1)"),
        ("x[^1]", 1, "[^1] has no footnote"),
        ('{{ metric("a") }}', 1, "metric takes node, metric"),
        ("{{ __import__('os') }}", 1, "__import__ cannot be asked for"),
        ('{{ seed("a"):>9999 }}', 1, "not a format"),
        ('{{ seed("a").__class__ }}', 1, "stands behind the bracket"),
        ("## A {#sec:x}\n\n## B {#sec:x}", 3, "a second time (first on line 1)"),
        ("## A {#noise}", 1, "expected one such as {#sec:name}"),
        ("```listing\n```", 1, "names a function"),
        ("```listing a:b\nprint()\n```", 1, "has no body"),
        ("## [a](claim:b)", 1, "stands in a heading"),
        ("> " * 60 + "a", 1, "lists or quotations"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(source, line, said):
    found = problems(source)
    assert [each for each in found if each[0] == line and said in each[1]], found


@pytest.mark.parametrize(
    "source",
    [
        "a" * (5 * 2**20),
        "[" * 2**18,
        ">" * 10**5,
        "".join(f"[^{i}] " for i in range(10**4)) + "".join(f"\n\n[^{i}]: n" for i in range(10**4)),
        "## a\n\n" * 30_000,
        "|a" * 50_000,
        "$$\n" * 50_000,
        "$" + "{" * 5000 + "}" * 5000 + "$",
        "![](figure:f)\n\n" * 10_000,
        "x" * (MAX_PARAGRAPH + 1),
    ],
    ids=HURTFUL.split(),
)
@pytest.mark.timed
def test_texts_made_to_hurt_end_in_a_message_within_seconds(source):
    began = time.perf_counter()
    found = problems(source)
    assert found and time.perf_counter() - began < 20
    assert len(found) <= 100


def test_a_long_text_is_read():
    source = "# T\n\n" + "A sentence with $x_t$ and {{ profile() }} in it. \n\n" * 3000
    assert len(source) < MAX_BYTES
    assert len(read_text(source).numbers) == 3000
