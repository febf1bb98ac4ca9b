"""Whether Prefect can be reached, and what kills have left of it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence

from flows.run.prefect_server import prefect_server, quiet_prefect
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.doctor.prefect_runs import (
    OpenFlowRun,
    PrefectAddress,
    mark_crashed,
    open_runs_in_file,
    open_runs_on_server,
)
from flows.upkeep.doctor.processes import Process
from flows.upkeep.doctor.stale_runs import JudgedRuns, judge_runs
from tasks import DarkroomError

API_TIMEOUT_SECONDS = 5.0


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
