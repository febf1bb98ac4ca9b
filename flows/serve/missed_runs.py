"""Scheduled runs whose time came while nothing served them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

PAGE = 200
"""Of a deployment. Prefect plans no more than a hundred ahead."""


def drop_missed_runs(client: SyncPrefectClient, deployments: Iterable[UUID]) -> int:
    """Delete them, except the latest of each deployment, which makes up for all; returns how many.

    Prefect would begin every one of them at once.
    """
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterNextScheduledStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    now = datetime.now(UTC)
    overdue = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime.model_validate(
            {"before_": now}
        ),
    )
    dropped = 0
    for deployment in deployments:
        runs = client.read_flow_runs(
            flow_run_filter=overdue,
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
            sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
            limit=PAGE,
        )
        # One that a person asked for has no other run to make up for it.
        scheduled = [run for run in runs if run.auto_scheduled]
        for run in scheduled[:-1]:
            client.delete_flow_run(run.id)
            dropped += 1
    return dropped
