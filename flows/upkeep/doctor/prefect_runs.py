"""Runs that Prefect believes to go on: reading them, and marking those that do not as crashed.

Without a server of the user's, they are read from the SQLite file of the embedded one, which need
not run for that.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from flows.run.run_request import STAGE_OF_FLOW
from tasks import DarkroomError

OUR_FLOWS = ("run-pipeline", *STAGE_OF_FLOW)
OPEN_STATES = ("RUNNING", "CANCELLING", "PENDING")
MESSAGE = "its process was killed; found by darkroom doctor"

_QUERY = f"""
    SELECT flow_run.id, flow_run.name, flow.name, flow_run.parameters
    FROM flow_run JOIN flow ON flow.id = flow_run.flow_id
    WHERE flow_run.state_type IN ({", ".join("?" * len(OPEN_STATES))})
      AND flow.name IN ({", ".join("?" * len(OUR_FLOWS))})
    ORDER BY flow_run.created
"""


@dataclass(frozen=True)
class OpenFlowRun:
    """id: of the flow run. run_id: of the Darkroom run that it is a part of."""

    id: str
    name: str
    flow: str
    run_id: str


@dataclass(frozen=True)
class PrefectAddress:
    """api: of the user's server, None for the embedded one. database: its SQLite file, None where
    it is of another kind."""

    api: str | None
    database: Path | None


def prefect_address() -> PrefectAddress:
    """As Prefect's settings have it: environment, profile and prefect.toml."""
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    url = settings.server.database.connection_url
    text = url.get_secret_value() if url is not None else ""
    scheme, _, path = text.partition(":///")
    is_file = scheme.startswith("sqlite") and path and ":memory:" not in path
    file = Path(unquote(path.partition("?")[0])).expanduser() if is_file else None
    return PrefectAddress(settings.api.url or None, file)


def open_runs_in_file(database: Path) -> list[OpenFlowRun]:
    """Of the embedded server. DarkroomError for a file that is no database of Prefect's."""
    if not database.exists():
        return []
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            rows = connection.execute(_QUERY, (*OPEN_STATES, *OUR_FLOWS)).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DarkroomError(f"{database} cannot be read as Prefect's database: {error}") from error
    return [_open_run(id, name, flow, json.loads(text or "{}")) for id, name, flow, text in rows]


def open_runs_on_server() -> list[OpenFlowRun]:
    """Of the server that Prefect's settings name, else of the embedded one, which this starts."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType

    states = FlowRunFilterStateType(any_=[StateType(name) for name in OPEN_STATES])
    flow_filter = FlowFilter(name=FlowFilterName(any_=list(OUR_FLOWS)))
    run_filter = FlowRunFilter(state=FlowRunFilterState(type=states))
    found: list[OpenFlowRun] = []
    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows(flow_filter=flow_filter)}
        while page := client.read_flow_runs(
            flow_filter=flow_filter, flow_run_filter=run_filter, limit=200, offset=len(found)
        ):
            for run in page:
                flow = flows.get(run.flow_id, "")
                found.append(_open_run(str(run.id), run.name, flow, run.parameters))
    return found


def mark_crashed(runs: Iterable[OpenFlowRun]) -> None:
    """These runs and what they left running, on the server of the settings."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterId,
        TaskRunFilter,
        TaskRunFilterState,
        TaskRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    open_state = TaskRunFilterState(
        type=TaskRunFilterStateType(any_=[StateType(name) for name in OPEN_STATES])
    )
    with get_client(sync_client=True) as client:
        for run in runs:
            tasks = client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run.id)])),
                task_run_filter=TaskRunFilter(state=open_state),
            )
            for task in tasks:
                client.set_task_run_state(task.id, Crashed(message=MESSAGE), force=True)
            client.set_flow_run_state(UUID(run.id), Crashed(message=MESSAGE), force=True)


def _open_run(id: str, name: str, flow: str, parameters: Any) -> OpenFlowRun:
    """A run that Prefect started has the id of its flow run."""
    request = parameters.get("request") if isinstance(parameters, dict) else None
    run_id = request.get("run_id") if isinstance(request, dict) else None
    return OpenFlowRun(str(UUID(id)), name, flow, str(run_id or UUID(id)))
