"""When a pipeline runs by itself, as `darkroom up` and `darkroom deploy` register it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from flows.declaration.fields import Name, Section

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
