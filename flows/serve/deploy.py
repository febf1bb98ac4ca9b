"""Deployments at a Prefect server, brought up to date with what is declared; `darkroom deploy`
registers them at one that already runs, for its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.run.prefect_settings import API_URL, place_of, read_settings
from flows.serve.declared import DeclaredDeployment, DeclaredSchedule, form_of, parameters_of
from tasks import BadInput, DarkroomError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.deployments.runner import RunnerDeployment

    from flows.declaration.schedules import Schedule

TAG = "darkroom"
FLOW = "run-pipeline"

PAGE = 200
"""Of a deployment. Prefect plans no more than a hundred ahead."""


def deploy(deployments: Sequence[DeclaredDeployment], pool: str, folder: str) -> list[str]:
    """Register them for a work pool and return their full names.

    folder: where the pool's processes begin runs, and what relative paths are relative to; pools
    of containers take it from their image. Raises BadInput without a server or such a pool.
    """
    url = read_settings().api.url
    from httpx import HTTPError
    from prefect.client.orchestration import get_client

    if not url:
        raise BadInput(
            "PREFECT_API_URL is not set; set it to the API of the server to deploy to, such as "
            "http://HOST:4200/api, or use `darkroom up` to start one here"
        )
    try:
        with get_client(sync_client=True) as client:
            variables = _pool_variables(client, pool, url)
            job = {"working_dir": folder} if "working_dir" in variables else {}
            for item in deployments:
                register(client, item, partial(_apply, pool, job))
    except HTTPError as error:
        raise DarkroomError(
            f"the Prefect server of {place_of(API_URL)}, {url}, does not answer as one "
            f"({type(error).__name__}); see that it runs and that the address ends in /api"
        ) from error
    return [f"{FLOW}/{item.pipeline}" for item in deployments]


def _pool_variables(client: SyncPrefectClient, pool: str, url: str) -> dict[str, Any]:
    """What jobs of the pool can be given. Raises BadInput if there is no such pool."""
    from prefect.exceptions import ObjectNotFound

    try:
        template = client.read_work_pool(pool).base_job_template
    except ObjectNotFound as error:
        raise BadInput(
            f"--pool {pool}: no such work pool at {url}; create it with "
            f"`prefect work-pool create {pool} --type process`"
        ) from error
    variables: dict[str, Any] = template.get("variables", {}).get("properties", {})
    return variables


def _apply(pool: str, job: dict[str, Any], deployment: RunnerDeployment) -> Any:
    deployment.work_pool_name = pool
    deployment.job_variables = job
    return deployment.apply()


def prefect_deployment(declared: DeclaredDeployment) -> RunnerDeployment:
    """One that is not registered yet, without its schedules."""
    from prefect._internal.versioning import VersionType
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType
    from prefect.utilities.callables import ParameterSchema

    from flows.run.pipeline import run_pipeline

    deployment = run_pipeline.to_deployment(
        name=declared.pipeline,
        description=f"{declared.title}: what is not in the store yet, and the report.",
        tags=[TAG],
        version=declared.version,
        version_type=VersionType.SIMPLE,
        parameters=parameters_of(declared.request),
        # By its module's name the flow is found in whatever folder a run begins.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # Its annotation allows a coroutine too, which only async callers get.
    assert isinstance(deployment, RunnerDeployment)
    form = form_of(
        run_pipeline.parameters.model_dump(),
        declared.pipeline,
        declared.profiles,
        declared.request.profile or next(iter(declared.profiles)),
        declared.backends,
    )
    deployment._parameter_openapi_schema = ParameterSchema.model_validate(form)
    return deployment


def register(
    client: SyncPrefectClient,
    declared: DeclaredDeployment,
    apply: Callable[[RunnerDeployment], Any],
) -> UUID:
    """Register a deployment, and its schedules unless they stand as they were declared before.

    So a schedule that was switched on or off in the interface stays so until its declaration
    changes. apply: hands the deployment to the server and returns its id.
    """
    before = _registered_version(client, declared.pipeline)
    deployment_id: UUID = apply(prefect_deployment(declared))
    if before != declared.version:
        _put_schedules(client, deployment_id, declared)
    return deployment_id


def _registered_version(client: SyncPrefectClient, name: str) -> str | None:
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(f"{FLOW}/{name}").version
    except ObjectNotFound:
        return None


def _put_schedules(
    client: SyncPrefectClient, deployment_id: UUID, declared: DeclaredDeployment
) -> None:
    # Those made in the interface have no slug, and are left alone.
    present = {
        schedule.slug: schedule.id
        for schedule in client.read_deployment_schedules(deployment_id)
        if schedule.slug
    }
    for name, item in declared.schedules.items():
        if name in present:
            client.delete_deployment_schedule(deployment_id, present[name])
        client.create_deployment_schedules(deployment_id, [_create(name, item)])
    for name in present.keys() - declared.schedules.keys():
        client.delete_deployment_schedule(deployment_id, present[name])


def _create(name: str, item: DeclaredSchedule) -> Any:
    from prefect.client.schemas.actions import DeploymentScheduleCreate

    return DeploymentScheduleCreate(
        schedule=_times(item.schedule),
        active=item.schedule.active,
        parameters=parameters_of(item.request),
        slug=name,
    )


def _times(schedule: Schedule) -> Any:
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

    if schedule.cron is not None:
        return CronSchedule(cron=schedule.cron, timezone=schedule.timezone or "UTC")
    return IntervalSchedule(interval=timedelta(seconds=schedule.interval_seconds or 0))


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
