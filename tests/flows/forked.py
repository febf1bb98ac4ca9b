"""Processes of the command line, forked from one that has imported its libraries already.

A fresh interpreter spends a second or three on imports that are the same each time. What is forked
is a process like any other, a child of the process of tests: with its own number, arguments,
environment, folder and streams, ended by signals and waited for as subprocess does.

Not the same are what an interpreter takes from its environment as it starts, and what /proc tells
of its command and environment: who tests those starts a fresh one.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

ROOMS = ("flows.declaration", "flows.figures", "flows.plan", "tasks.report", "tasks.store")
IMPORTED = (
    *("tests.flows.fake_kinds", "flows.cli.new", "flows.cli.running", "flows.cli.serving"),
    *("flows.cli.upkeep", "flows.cli.shell", "flows.run.execute", "flows.run.webhook"),
    *("tasks.running.run_step", "pyarrow.parquet", "torch", "filelock"),
    *("httpx", "pydantic_settings", "jsonschema", "griffe", "websockets"),
)
"""What most runs import, besides all modules of `ROOMS`. Never prefect, which reads its settings as
it is imported."""

READ_AT_START = ("PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG")
PR_SET_CHILD_SUBREAPER = 36
STREAMS = 3
MAX_REQUEST = 1 << 20


def start(command: Sequence[str], env: Mapping[str, str], **options: Any) -> subprocess.Popen[Any]:
    """python -m command, with options of subprocess.Popen; a fresh one where it has to be."""
    is_fresh = any(env.get(name) != os.environ.get(name) for name in READ_AT_START)
    kind = subprocess.Popen if is_fresh or sys.platform != "linux" else Forked
    return kind([sys.executable, "-m", *command], env=env, **options)


class Forked(subprocess.Popen[Any]):
    """As the base class starts [sys.executable, "-m", MODULE, ...] with cwd, env, three streams and
    process_group."""

    def _execute_child(  # type: ignore[no-untyped-def, override]
        self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
        creationflags, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,
        restore_signals, gid, gids, uid, umask, start_new_session, process_group,
    ):  # fmt: skip
        request = {
            "command": args[2:],
            "cwd": str(cwd or Path.cwd()),
            "environment": dict(os.environ if env is None else env),
            "process_group": process_group,
            "parent": os.getpid(),
        }
        streams = [p2cread, c2pwrite, errwrite]
        streams = [number if at == -1 else at for number, at in enumerate(streams)]
        server = _server()
        # What is orphaned meanwhile comes to this process, as the forked one does.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            socket.send_fds(server, [json.dumps(request).encode()], streams)
            self.pid = int(server.recv(MAX_REQUEST))
        finally:
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0)
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


@functools.cache
def _server() -> socket.socket:
    """The process that forks, one for each process of tests; it ends with that."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.flows.forked"]
    subprocess.Popen(command, cwd=Path(__file__).parents[2], stdin=theirs)
    theirs.close()
    return ours


def _wait_for_requests(server: socket.socket) -> dict[str, Any]:
    """In a new process for each request: what it is to do, its streams in place."""
    while True:
        data, streams, _, _ = socket.recv_fds(server, MAX_REQUEST, STREAMS)
        if not data:
            sys.exit()
        if between := os.fork():
            os.waitpid(between, 0)
            for stream in streams:
                os.close(stream)
            continue
        if os.fork():
            os._exit(0)
        request: dict[str, Any] = json.loads(data)
        while os.getppid() != request["parent"]:
            time.sleep(0.001)
        if request["process_group"] >= 0:
            os.setpgid(0, request["process_group"])
        server.send(str(os.getpid()).encode())
        server.detach()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return request


def _main() -> None:
    rooms = [importlib.import_module(name) for name in ROOMS]
    inside = [each.name for r in rooms for each in walk_packages(r.__path__, f"{r.__name__}.")]
    for name in [*IMPORTED, *inside]:
        importlib.import_module(name)
    gc.freeze()
    request = _wait_for_requests(socket.socket(fileno=0))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["cwd"], *filter(None, named)]
    sys.argv = request["command"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
