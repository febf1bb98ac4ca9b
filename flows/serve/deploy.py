"""`darkroom deploy`: the declared deployments at a server that already runs, for its workers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flows.serve.declared import DeclaredDeployment
from tasks import BadInput, DarkroomError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.deployments.runner import RunnerDeployment


def deploy(deployments: Sequence[DeclaredDeployment], pool: str, folder: str) -> list[str]:
    """Register them for a work pool and return their full names.

    folder: where the pool's processes begin runs, and what relative paths are relative to; pools
    of containers take it from their image. Raises BadInput without a server or such a pool.
    """
    from httpx import HTTPError
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    from flows.serve.register import FLOW, register

    url = PREFECT_API_URL.value()
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
            f"the Prefect server of PREFECT_API_URL, {url}, does not answer as one "
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
