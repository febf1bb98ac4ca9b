"""Tables and words that the upkeep commands share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

SHORT_ID = 12
"""Digits of a run's id or a key that are shown; commands take any beginning that is unique."""

Cell = str | Text


def print_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, keep: int = 1
) -> None:
    """keep: how many of the first columns are never folded. Nothing where there are no rows."""
    rows = list(rows)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number < keep, overflow="fold")
    for row in rows:
        # Text, not markup: names and messages may hold square brackets.
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console.print(table)


def say(console: Console, text: str, style: str = "") -> None:
    """A line of its own, wrapped by the terminal alone so that paths can be copied."""
    console.print(Text(text, style=style), soft_wrap=True)


def moment(created_at: str) -> str:
    """ISO 8601 to the minute, in the time of this place."""
    return datetime.fromisoformat(created_at).astimezone().strftime("%Y-%m-%d %H:%M")


def amount(size: int) -> str:
    """Bytes as people read them: 512 bytes, 3.4 MB."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 object, 2 objects."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
