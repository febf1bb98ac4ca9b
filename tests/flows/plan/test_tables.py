"""Tables in a pipe, on a terminal, and where something tells an impossible width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flows.plan import tables
from flows.plan.tables import print_table

NAME = "trajectory/w1-anagrams/anagram/" + "an-oil-painting-of-people-around-a-campfire/0"
WHY = "prompt a photo of a dog -> an oil painting of an old man, " * 3
ROWS = [("data/digits", "cached", "", ""), (NAME, "make", WHY, "3 min 20 s")]


def printed(width: int, *, terminal: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_table(console, ("node", "", "why", "time"), ROWS, keep=2, right=["time"])
    assert isinstance(console.file, io.StringIO) and console.width == width
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [1, 80, 200])
def test_in_a_pipe_each_row_is_one_whole_line(width: int) -> None:
    head, first, second = printed(width, terminal=False)
    assert head.split() == ["node", "why", "time"]
    assert first.split() == ["data/digits", "cached"]
    assert second.split() == [NAME, "make", *WHY.split(), "3", "min", "20", "s"]
    assert [line.rstrip() for line in (head, first, second)] == [head, first, second]


def test_on_a_terminal_reasons_fold_and_names_stay_whole() -> None:
    lines = printed(130, terminal=True)
    assert len(lines) > 3 and max(map(len, lines)) <= 130
    (line,) = [line for line in lines if line.startswith(NAME)]
    assert "make" in line and line.endswith("3 min 20 s")


def test_terminal_with_no_room_for_a_reason_wraps_by_itself() -> None:
    assert printed(80, terminal=True)[2].split()[0] == NAME
    assert len(printed(80, terminal=True)) == 3


@pytest.mark.parametrize("columns", ["0", "1", "-3", "99999999", "wide"])
def test_absurd_width_is_none(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert tables.console().width in tables.WIDTHS
    assert tables.console(stderr=True).width in tables.WIDTHS
