"""Whether Prefect can be reached; runs that it believes to go on, and those that kills have left.

Without a server of the user's, runs are read from the SQLite file of the embedded one, which need
not run for that.
"""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from flows.run.prefect_server import prefect_server, quiet_prefect
from flows.run.prefect_settings import read_settings
from flows.run.run_request import STAGE_OF_FLOW
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.doctor.processes import APPLICATION, Process
from tasks import DarkroomError
from tasks.store.locks import run_is_alive

API_TIMEOUT_SECONDS = 5.0
OUR_FLOWS = ("run-pipeline", *STAGE_OF_FLOW)
OPEN_STATES = ("RUNNING", "CANCELLING", "PENDING")
MESSAGE = "its process was killed; found by darkroom doctor"
HINTS = ("darkroom", "prefect", "flows.")
"""A command line without any of these does no run of ours."""

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


@dataclass(frozen=True)
class JudgedRuns:
    """stale: no process does them. unknown: they may go on on another host, or where this process
    cannot look."""

    stale: list[OpenFlowRun] = field(default_factory=list)
    live: list[OpenFlowRun] = field(default_factory=list)
    unknown: list[OpenFlowRun] = field(default_factory=list)


def prefect_address() -> PrefectAddress:
    """As Prefect's settings have it: environment, profile and prefect.toml."""
    settings = read_settings()
    url = settings.server.database.connection_url
    text = url.get_secret_value() if url is not None else ""
    scheme, _, path = text.partition(":///")
    is_file = scheme.startswith("sqlite") and path and ":memory:" not in path
    file = Path(unquote(path.partition("?")[0])).expanduser() if is_file else None
    return PrefectAddress(settings.api.url or None, file)


def check_api(address: PrefectAddress) -> Finding:
    if address.api is None:
        return Finding("Prefect", "ok", "embedded: each run that computes starts a server")
    try:
        with urllib.request.urlopen(f"{address.api}/health", timeout=API_TIMEOUT_SECONDS):
            return Finding("Prefect", "ok", f"{address.api} answers")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return Finding("Prefect", "ok", f"{address.api} answers")
        reason: object = f"status {error.code}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
    advice = "start it with `darkroom up`, or unset PREFECT_API_URL for an embedded server"
    return Finding("Prefect", "problem", f"{address.api} does not answer ({reason}); {advice}")


def check_runs(address: PrefectAddress, processes: Sequence[Process], *, fix: bool) -> Finding:
    """fix: mark those left by a kill as crashed. Asks the user's server, which has to answer."""
    name = "runs in Prefect"
    if address.api is None and address.database is None:
        return Finding(name, "note", "not looked at: the embedded server's database is no file")
    try:
        is_local = address.api is None
        judged = judge_runs(_open_runs(address), processes, is_local=is_local)
        if not judged.stale:
            return Finding(name, "ok", f"none was left Running by a kill{_others(judged)}")
        text = f"{len(judged.stale)} left Running by a kill ({_names(judged.stale)})"
        if not fix:
            text += f"{_others(judged)}; --fix marks them as crashed"
            return Finding(name, "problem", text)
        quiet_prefect()
        with prefect_server():
            mark_crashed(judged.stale)
    except DarkroomError as error:
        return Finding(name, "problem", str(error))
    except Exception as error:  # Prefect's client has many, and none of them says what to do
        text = f"cannot be asked ({type(error).__name__}: {error})"
        return Finding(name, "problem", text.splitlines()[0])
    return Finding(name, "problem", f"{text}, marked as crashed", is_fixed=True)


def judge_runs(
    runs: Iterable[OpenFlowRun],
    processes: Sequence[Process],
    *,
    is_local: bool,
    is_alive: Callable[[str], bool | None] = run_is_alive,
) -> JudgedRuns:
    """is_local: only processes of this host can write where these runs were read.
    is_alive: as run_is_alive."""
    judged = JudgedRuns()
    could_be_here = _may_do_runs(processes)
    for run in runs:
        alive = is_alive(run.run_id)
        if alive is None and is_local and not could_be_here:
            alive = False
        group = {True: judged.live, False: judged.stale, None: judged.unknown}[alive]
        group.append(run)
    return judged


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


def _open_runs(address: PrefectAddress) -> list[OpenFlowRun]:
    if address.api is None and address.database is not None:
        return open_runs_in_file(address.database)
    return open_runs_on_server()


def _names(runs: Sequence[OpenFlowRun]) -> str:
    shown = [run.name for run in runs[:5]]
    return ", ".join([*shown, "..."] if len(runs) > len(shown) else shown)


def _others(judged: JudgedRuns) -> str:
    parts = [f"{len(judged.live)} going on"] if judged.live else []
    if judged.unknown:
        parts.append(f"{len(judged.unknown)} that may go on ({_names(judged.unknown)})")
    return f"; {', '.join(parts)}" if parts else ""


def _open_run(id: str, name: str, flow: str, parameters: Any) -> OpenFlowRun:
    """A run that Prefect started has the id of its flow run."""
    request = parameters.get("request") if isinstance(parameters, dict) else None
    run_id = request.get("run_id") if isinstance(request, dict) else None
    return OpenFlowRun(str(UUID(id)), name, flow, str(run_id or UUID(id)))


def _may_do_runs(processes: Sequence[Process]) -> bool:
    """Whether a process other than this one, those that started it and servers could do a run."""
    by_id = {process.pid: process for process in processes}
    own: set[int] = set()
    pid = os.getpid()
    while pid in by_id and pid not in own:
        own.add(pid)
        pid = by_id[pid].parent
    others = (process for process in processes if process.pid not in own)
    return any(
        any(hint in text for text in process.arguments for hint in HINTS)
        for process in others
        if APPLICATION not in process.arguments
    )
