"""Cron expressions of five fields, checked without Prefect, which takes a second to import."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Field:
    """One field: its least and greatest value, and names that stand for values from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, WEEKDAYS),
)

_PART = re.compile(r"(\*|[0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?(?:/([0-9]{1,2}))?")


def check_cron(text: str) -> str | None:
    """What is wrong with `text`, as a phrase; None if it names times that come.

    Five fields of `*`, numbers, names of months and weekdays, ranges, steps and lists.
    """
    fields = text.lower().split()
    if len(fields) != len(FIELDS):
        return f"has {len(fields)} fields; expected five: minute hour day month weekday"
    values: list[Set[int]] = []
    for field, written in zip(FIELDS, fields, strict=True):
        found = _values(field, written)
        if found is None:
            names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
            return (
                f"has {written!r} for the {field.name}; expected {field.low} to {field.high}{names}"
                ", as *, a value, a range a-b, a step */n or a list of these"
            )
        values.append(found)
    _, _, days, months, _ = values
    # Even beside a weekday, where the day could be left out, Prefect finds no next date.
    if all(min(days) > DAYS_OF_MONTH[month - 1] for month in months):
        return "names days that never come; expected a day that one of its months has"
    return None


def _values(field: Field, written: str) -> set[int] | None:
    """All values of a field; None if it is malformed or out of range."""
    found: set[int] = set()
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                return None
            low, high = field.low, field.high
        else:
            begin, end = _value(field, first), _value(field, last or first)
            # Only a range or * has steps: what 5/10 means differs between crons.
            if begin is None or end is None or (step and not last):
                return None
            low, high = begin, end
        if low > high or (step and int(step) == 0):
            return None
        found.update(range(low, high + 1, int(step or 1)))
    return found


def _value(field: Field, text: str) -> int | None:
    if text in field.names:
        return field.low + field.names.index(text)
    if text.isdigit() and field.low <= int(text) <= field.high:
        return int(text)
    return None
