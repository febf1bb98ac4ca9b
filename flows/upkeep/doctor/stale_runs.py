"""Runs left Running in Prefect's database by a kill."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from flows.upkeep.doctor.prefect_runs import OpenFlowRun
from flows.upkeep.doctor.processes import Process
from flows.upkeep.doctor.stale_servers import APPLICATION
from tasks.store.locks import run_is_alive

HINTS = ("darkroom", "prefect", "flows.")
"""A command line without any of these does no run of ours."""


@dataclass(frozen=True)
class JudgedRuns:
    """stale: no process does them. unknown: they may go on on another host, or where this process
    cannot look."""

    stale: list[OpenFlowRun] = field(default_factory=list)
    live: list[OpenFlowRun] = field(default_factory=list)
    unknown: list[OpenFlowRun] = field(default_factory=list)


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
