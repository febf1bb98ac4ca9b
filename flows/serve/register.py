"""Deployments at a Prefect server, brought up to date with what is declared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.serve.declared import DeclaredDeployment, DeclaredSchedule, parameters_of
from flows.serve.form import form_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.deployments.runner import RunnerDeployment

    from flows.declaration.schedules import Schedule

TAG = "darkroom"
FLOW = "run-pipeline"


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
