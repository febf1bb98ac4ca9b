"""Checks of schedules: times that come, and names that are declared."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from flows.declaration.cron import check_cron
from flows.declaration.document import Declaration
from flows.declaration.messages import Path, Problem, show_value
from flows.declaration.references import check_name
from flows.declaration.schedules import Schedule


def check_schedules(declaration: Declaration) -> Iterator[Problem]:
    """Problems of each schedule on its own and with what it names."""
    for name, schedule in declaration.schedules.items():
        path = ("schedules", name)
        yield from check_name(
            (*path, "pipeline"), schedule.pipeline, declaration.pipelines, "pipeline"
        )
        if schedule.profile is not None:
            yield from check_name(
                (*path, "profile"), schedule.profile, declaration.profiles, "profile"
            )
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
