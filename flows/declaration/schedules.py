"""When a pipeline runs by itself, as `darkroom up` and `darkroom deploy` register it.

Cron expressions are checked without Prefect, which takes a second to import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from flows.declaration.fields import Name, Section
from flows.declaration.problems import Path, Problem, check_name, show_value

Cron = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Timezone = Annotated[str, StringConstraints(min_length=1, max_length=60)]
# A run costs seconds even when all is cached: more often than each minute is a typing error.
IntervalSeconds = Annotated[int, Field(ge=60, le=366 * 86_400)]
OverrideText = Annotated[str, StringConstraints(min_length=3, max_length=1000)]


class Schedule(Section):
    """Either cron, in a timezone (UTC if not given), or interval_seconds.

    profile: the declaration's default if not given. active: whether it starts runs from the moment
    it is registered; it can be switched in Prefect's interface too.
    """

    pipeline: Name
    profile: Name | None = None
    cron: Cron | None = None
    timezone: Timezone | None = None
    interval_seconds: IntervalSeconds | None = None
    active: bool = True
    overrides: list[OverrideText] = Field(default_factory=list, max_length=100)


def check_schedules(
    schedules: Mapping[str, Schedule], pipelines: Iterable[str], profiles: Iterable[str]
) -> Iterator[Problem]:
    """Times that come, and names that are declared."""
    for name, schedule in schedules.items():
        path = ("schedules", name)
        yield from check_name((*path, "pipeline"), schedule.pipeline, pipelines, "pipeline")
        if schedule.profile is not None:
            yield from check_name((*path, "profile"), schedule.profile, profiles, "profile")
        yield from _check_times(path, schedule)
        for index, override in enumerate(schedule.overrides):
            if not override.partition("=")[0].strip() or "=" not in override:
                text = f"is {show_value(override)}; expected path=value"
                yield Problem((*path, "overrides", str(index)), text)


def _check_times(path: Path, schedule: Schedule) -> Iterator[Problem]:
    if schedule.cron is None and schedule.interval_seconds is None:
        yield Problem(path, "has no time; expected cron or interval_seconds")
    if schedule.cron is not None and schedule.interval_seconds is not None:
        yield Problem(path, "has cron and interval_seconds; expected one of them")
    if schedule.cron is not None and (wrong := check_cron(schedule.cron)):
        yield Problem((*path, "cron"), f"is {show_value(schedule.cron)}, which {wrong}")
    if schedule.timezone is None:
        return
    if schedule.cron is None:
        yield Problem((*path, "timezone"), "is given without cron; leave it out")
    elif not _is_timezone(schedule.timezone):
        text = f"is {show_value(schedule.timezone)}; expected a name such as Europe/Berlin or UTC"
        yield Problem((*path, "timezone"), text)


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class CronField:
    """One field: its least and greatest value, and names that stand for values from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    CronField("minute", 0, 59),
    CronField("hour", 0, 23),
    CronField("day of the month", 1, 31),
    CronField("month", 1, 12, MONTHS),
    CronField("day of the week", 0, 7, WEEKDAYS),
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


def _values(field: CronField, written: str) -> set[int] | None:
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


def _value(field: CronField, text: str) -> int | None:
    if text in field.names:
        return field.low + field.names.index(text)
    if text.isdigit() and field.low <= int(text) <= field.high:
        return int(text)
    return None
