"""Tables and lines of text on a terminal, in a pipe or a file. Nothing is ever cut: names in them
are arguments of other commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    Cell = str | Text

WIDTHS = range(20, 1000)
"""Columns that a terminal may say it has; one that says another number says nothing."""

NARROWEST = 20
"""Columns of what may be folded, below which a line is left for the terminal to wrap."""


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    made = Console(file=None if stderr else sys.stdout, stderr=stderr)
    if made.width not in WIDTHS:
        made.width = 80
    return made


def print_table(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    keep: int = 1,
    right: Sequence[str] = (),
) -> None:
    """One line a row, but where a terminal is too narrow. Nothing where there are no rows.

    keep: how many of the first columns are never folded. right: columns aligned there, never
    folded either.
    """
    from rich.table import Table
    from rich.text import Text

    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    if not texts:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    folded = []
    for number, column in enumerate(columns):
        is_kept = number < keep or column in right
        justify: Any = "right" if column in right else "left"
        table.add_column(column, no_wrap=is_kept, overflow="fold", justify=justify)
        if not is_kept:
            folded.append(max(len(column), *(row[number].cell_len for row in texts)))
    for row in texts:
        # Text, not markup: names and messages may hold square brackets.
        table.add_row(*row)
    width = console.measure(table, options=console.options.update(width=10**6)).maximum
    room = console.width - (width - sum(folded))
    can_fold = room >= sum(min(size, NARROWEST) for size in folded)
    if console.is_terminal and width > console.width and can_fold:
        console.print(table)
        return
    # As wide as it is; a terminal wraps it by itself.
    before, console.width = console.width, width
    try:
        with console.capture() as captured:
            console.print(table)
    finally:
        console.width = before
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def say(console: Console, text: str, style: str = "") -> None:
    """A line of its own, wrapped by the terminal alone so that paths can be copied."""
    from rich.text import Text

    console.print(Text(text, style=style), soft_wrap=True)
