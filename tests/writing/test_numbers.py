from __future__ import annotations

import pytest

from tasks.writing.numbers import (
    Call,
    NotReadable,
    find_in,
    numbers_in,
    parse_comparison,
    parse_number,
    with_numbers,
)

A, B = Call("metric", ("a", "x")), Call("metric", ("b", "x"))


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ('metric("a", "x") < metric("b", "x")', True),
        ('metric("a", "x") > metric("b", "x")', False),
        ('metric("a", "x") * 2 <= metric("b", "x")', True),
        ('metric("a", "x") * 2 < metric("b", "x")', False),
        ('0 < metric("a", "x") < metric("b", "x") < 1', True),
        ('0 < metric("b", "x") < metric("a", "x")', False),
        ('metric("b", "x") - metric("a", "x") >= 0.1', True),
        ('-metric("b", "x") / 2 > -0.3', True),
    ],
)
def test_comparisons_hold_as_they_read(text, is_so):
    comparison = parse_comparison(text)
    assert comparison.holds(comparison.values({A: 0.25, B: 0.5})) is is_so


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2",
        'metric("a", "x")',
        'metric("a", "x") == 1',
        'metric("a", "x") < 1 and True',
        'metric("a", "x") < open("/etc/passwd")',
        'metric("a", "x") < (lambda: 1)()',
        'metric("a", "x") < x',
        'metric("a", "x") ** 9 < 1',
        'metric("a", "x") < 10 ** 10 ** 10',
        'metric("a", *["x"]) < 1',
        'metric("a", x="y") < 1',
        'metric("a", "x").real < 1',
        'metric(f"{1}", "x") < 1',
        'metric("a", "x") < "1"',
        'metric("a", "x") < True',
        'seed("a") < 1',
        'metric("a", "x") < 1e999',
        "(" * 900 + '1 < metric("a", "x")' + ")" * 900,
        "-" * 900 + '1 < metric("a", "x")',
        "a" * 2000,
        "1 <",
    ],
)
def test_all_else_is_refused_and_nothing_evaluated(text):
    with pytest.raises(NotReadable):
        comparison = parse_comparison(text)
        # Of a deep one that Python's parser reads.
        comparison.values({A: 1.0})


def test_one_call_has_one_key_however_it_is_written():
    written = ["metric( 'a','x' )", 'metric("a", "x")', 'metric("a",\t"x"):.2f']
    assert len({parse_number(each).call.key for each in written}) == 1


@pytest.mark.parametrize("form", ["99999d", ">20", "s", "{x}", ".999f", "x", "c", "!r"])
def test_formats_that_fill_a_page_or_run_code_are_refused(form):
    with pytest.raises(NotReadable):
        parse_number(f'seed("a"):{form}')


def test_titles_keep_what_is_no_number():
    title = 'A {{ set }} of {{ seed("a") }} {{ prompt'
    assert [str(each.call) for each in numbers_in(title)] == ['seed("a")']
    assert with_numbers(title, lambda number: "7") == "A {{ set }} of 7 {{ prompt"


def test_a_path_names_a_value_whole_or_by_its_only_end():
    value = {"network": {"hidden_width": 8, "kind": "plain"}, "objective": {"kind": "ddpm"}}
    assert find_in(value, "network.hidden_width") == find_in(value, "hidden_width") == 8
    with pytest.raises(KeyError) as error:
        find_in(value, "kind")
    assert error.value.args[0] == ["network.kind", "objective.kind"]
