"""Processes of this user, as far as the system tells, and servers that a killed run has left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.run.prefect_server import SERVER_OF
from flows.upkeep.doctor.finding import Finding

APPLICATION = "prefect.server.api.server:create_app"
EMBEDDED = "PREFECT__SERVER_EPHEMERAL"
INIT = 1

STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """started: its start in clock ticks or as text, only to tell it from a later process with its
    number. environment: empty where it may not be read."""

    pid: int
    parent: int
    started: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def list_processes(proc: Path = Path("/proc")) -> list[Process]:
    """All of this user, this one too. Empty where the system tells nothing."""
    if not (proc / "self" / "stat").exists():
        return _from_ps()
    found = (
        read_process(int(entry.name), proc) for entry in proc.iterdir() if entry.name.isdigit()
    )
    return [process for process in found if process is not None]


def read_process(pid: int, proc: Path = Path("/proc")) -> Process | None:
    """None if there is none, it has ended, or it belongs to another user or container."""
    folder = proc / str(pid)
    try:
        # One in a container goes by other numbers there than those seen from here.
        is_near = os.readlink(folder / "ns/pid") == os.readlink(proc / "self/ns/pid")
        if folder.stat().st_uid != os.getuid() or not is_near:
            return None
        # The name, in brackets, may hold spaces and brackets of its own.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        arguments = _texts(folder / "cmdline")
    except (OSError, ValueError):
        return None
    if fields[0] == "Z":
        return None
    try:
        pairs = (text.partition("=") for text in _texts(folder / "environ"))
        environment = {name: value for name, _, value in pairs}
    except OSError:
        environment = {}
    return Process(pid, int(fields[1]), fields[19], arguments, environment)


def stop_process(process: Process) -> bool:
    """End it, politely first. Returns whether it is gone; another with its number is left alone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _is_there(process):
            return True
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        until = time.monotonic() + STOP_SECONDS
        while _is_there(process) and time.monotonic() < until:
            time.sleep(0.05)
    return not _is_there(process)


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


def _is_there(process: Process) -> bool:
    return any((now.pid, now.started) == (process.pid, process.started) for now in list_processes())


def _texts(path: Path) -> list[str]:
    return path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")


def _from_ps() -> list[Process]:
    """Without environments, which ps does not show everywhere."""
    command = ["ps", "-x", "-o", "pid=,ppid=,lstart=,command="]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    processes = []
    for line in answer.stdout.splitlines():
        words = line.split()
        if len(words) > 7:
            started, arguments = " ".join(words[2:7]), words[7:]
            processes.append(Process(int(words[0]), int(words[1]), started, arguments))
    return processes


def _is_embedded(process: Process) -> bool:
    if APPLICATION not in process.arguments:
        return False
    # Where environments cannot be read, a background server of the user's looks the same.
    return process.environment.get(EMBEDDED) == "1"


def _is_orphan(process: Process) -> bool:
    """An orphan's parent becomes init, or whatever else takes in orphans."""
    parent = process.environment.get(SERVER_OF)
    return process.parent == INIT if parent is None else parent != str(process.parent)
