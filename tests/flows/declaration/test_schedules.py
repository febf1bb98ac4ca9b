"""Schedules in pipelines.yaml: what is refused, and how it is said."""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows.declaration.read_declaration import read_declaration
from flows.declaration.schedules import FIELDS, check_cron
from tasks import BadInput
from tests.flows.small_declaration import SMALL, real_file, write

NIGHTLY: dict[str, Any] = {"pipeline": "first", "cron": "0 3 * * *"}


def declared(folder: Path, **changes: Any) -> Any:
    """The small declaration with one schedule, changed; a value of ... is left out."""
    schedule = {name: v for name, v in {**NIGHTLY, **changes}.items() if v is not ...}
    data = {**copy.deepcopy(SMALL), "schedules": {"nightly": schedule}}
    return read_declaration(write(folder, data))


def test_schedule_runs_the_default_profile_unless_it_says_otherwise(tmp_path: Path) -> None:
    schedule = declared(tmp_path).declaration.schedules["nightly"]
    assert (schedule.profile, schedule.active, schedule.overrides) == (None, True, [])


def test_schedules_of_the_repository_are_switched_off() -> None:
    schedules = real_file().declaration.schedules
    assert schedules
    assert not any(schedule.active for schedule in schedules.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pipeline": "frist"}, 'pipeline is "frist", which is not a declared pipeline; nearest'),
        ({"profile": "plane"}, 'profile is "plane", which is not a declared profile; nearest'),
        ({"pipeline": ...}, "schedules.nightly.pipeline is missing"),
        ({"cron": ...}, "schedules.nightly has no time; expected cron or interval_seconds"),
        ({"interval_seconds": 60}, "has cron and interval_seconds; expected one of them"),
        ({"cron": ..., "interval_seconds": 59}, "interval_seconds is 59; expected at least 60"),
        ({"cron": ..., "interval_seconds": "1h"}, 'is "1h"; expected a whole number'),
        ({"cron": "0 3 * *"}, 'cron is "0 3 * *", which has 4 fields; expected five'),
        ({"cron": "0 24 * * *"}, "has '24' for the hour; expected 0 to 23"),
        ({"cron": "0 3 31 2 *"}, "names days that never come"),
        ({"timezone": "Mars/Olympus"}, 'timezone is "Mars/Olympus"; expected a name such as'),
        ({"timezone": "../../etc/passwd"}, "timezone is"),
        ({"cron": ..., "interval_seconds": 60, "timezone": "UTC"}, "is given without cron"),
        ({"overrides": ["epochs"]}, 'overrides.0 is "epochs"; expected path=value'),
        ({"aktive": True}, "schedules.nightly.aktive is not a known key; did you mean active?"),
        ({"active": "yes"}, 'active is "yes"; expected true or false'),
    ],
)
def test_wrong_schedule_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput) as error:
        declared(tmp_path, **changes)
    assert "schedules.nightly" in str(error.value)
    assert message in str(error.value)


def test_schedule_cannot_be_overridden(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="schedules cannot be overridden"):
        declared(tmp_path).settle(None, ["schedules.nightly.active=false"])


def parts(low: int, high: int, names: tuple[str, ...]) -> st.SearchStrategy[str]:
    value = st.integers(low - 1, high + 1).map(str) | st.sampled_from(names or (str(low),))
    step = st.integers(0, 12).map(str)
    return st.one_of(
        st.just("*"),
        value,
        step.map("*/{}".format),
        st.tuples(value, value).map("-".join),
        st.tuples(value, value, step).map(lambda p: f"{p[0]}-{p[1]}/{p[2]}"),
        st.tuples(value, value).map(",".join),
    )


@settings(deadline=None)  # the first example imports Prefect
@given(st.tuples(*(parts(field.low, field.high, field.names) for field in FIELDS)).map(" ".join))
def test_cron_that_is_accepted_has_a_next_time_in_prefect(expression: str) -> None:
    from prefect._vendor.croniter import croniter

    assume(check_cron(expression) is None)
    begin = datetime(2024, 1, 1)
    assert croniter(expression, begin).get_next(datetime) > begin


@pytest.mark.parametrize(
    "expression",
    ["* * * * *", "*/5 0-6 1,15 jan-mar mon-fri", "0 0 29 2 *", "30 4 * * 7", "0 12 * * SUN"],
)
def test_usual_cron_is_accepted(expression: str) -> None:
    assert check_cron(expression) is None
