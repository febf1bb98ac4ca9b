"""Prefect's embedded servers that a killed run has left behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.run.prefect_server import SERVER_OF
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.doctor.processes import Process, stop_process

APPLICATION = "prefect.server.api.server:create_app"
EMBEDDED = "PREFECT__SERVER_EPHEMERAL"
INIT = 1


def stale_servers(processes: Iterable[Process]) -> list[Process]:
    """Embedded servers whose parent is gone. One that the user started is none of them, even in
    the background."""
    return [process for process in processes if _is_embedded(process) and _is_orphan(process)]


def check_servers(processes: Sequence[Process], *, fix: bool) -> Finding:
    """fix: end them."""
    stale = stale_servers(processes)
    if not stale:
        return Finding("embedded servers", "ok", "none was left by a kill")
    ids = ", ".join(str(process.pid) for process in stale)
    text = f"{len(stale)} of Prefect left by a kill (process {ids})"
    if not fix:
        return Finding("embedded servers", "problem", f"{text}; --fix ends them")
    left = [str(process.pid) for process in stale if not stop_process(process)]
    if left:
        text = f"process {', '.join(left)} of Prefect does not end; end it by hand"
        return Finding("embedded servers", "problem", text)
    return Finding("embedded servers", "problem", f"{text}, ended", is_fixed=True)


def _is_embedded(process: Process) -> bool:
    if APPLICATION not in process.arguments:
        return False
    # Where environments cannot be read, a background server of the user's looks the same.
    return process.environment.get(EMBEDDED) == "1"


def _is_orphan(process: Process) -> bool:
    """An orphan's parent becomes init, or whatever else takes in orphans."""
    parent = process.environment.get(SERVER_OF)
    return process.parent == INIT if parent is None else parent != str(process.parent)
