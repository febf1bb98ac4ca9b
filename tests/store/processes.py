"""Processes that use a store and are made to be killed.

Forked from one that has imported what they need, each begins in a moment, and a kill soon after
falls into what it does.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tasks.store.s3_requests import S3Requests
from tasks.store.store import Store
from tests.store.sample_artifacts import write_missing_artifacts

CHANGING_CALLS = ("open", "fsync", "replace", "unlink", "mkdir")
CHANGING_REQUESTS = ("put", "copy", "delete")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["filelock", "fsspec", "botocore.session", "pyarrow.compute", "pyarrow.parquet"]
)


class Process:
    """Another process and what it says. On a host of its own if it has a TMPDIR of its own."""

    def __init__(self, do: Callable[..., None], *arguments: Any, **environment: str) -> None:
        """do: of a connection, by which it says and hears lines, and `arguments`."""
        self._heard, said = _CONTEXT.Pipe()
        for folder in environment.values():
            Path(folder).mkdir(exist_ok=True)
        self._process = _CONTEXT.Process(
            target=_begin, args=({**os.environ, **environment}, do, said, *arguments), daemon=True
        )
        self._process.start()
        said.close()

    def line(self) -> str:
        """EOFError if it ends without another."""
        said: str = self._heard.recv()
        return said

    def lines(self) -> list[str]:
        """All that it has yet to say before it ends, however it ends."""
        lines = []
        try:
            while True:
                lines.append(self.line())
        except (EOFError, ConnectionResetError):
            self._process.join()
            return lines

    def let_go(self) -> None:
        """Tell one that waits for it to go on."""
        self._heard.send("go")

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def kill_amid(self, dice: random.Random, names: int) -> list[str]:
        """What a writer says that is killed at a random moment, though not before it has said it
        has written so many names."""
        said = [self.line() for _ in range(names)]
        time.sleep(dice.uniform(0, 0.02))
        self._process.kill()
        return [*said, *self.lines()]

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode


def _begin(
    environment: dict[str, str], do: Callable[..., None], connection: Connection, *arguments: Any
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    do(connection, *arguments)


def hold_lock(connection: Connection, address: str, key: str) -> None:
    """Say "held" and wait for a line."""
    with Store(address).lock(key):
        connection.send("held")
        connection.recv()


def hold_lease(connection: Connection, address: str, *keys: str) -> None:
    """The same for the lease of the run "run" on these keys."""
    lease = Store(address).lease("run")
    lease.needs(keys)
    connection.send("held")
    connection.recv()


def write(
    connection: Connection, address: str, names: list[str], compact_every: int, die_at: int
) -> None:
    """Write artifacts, and say each name once it is recorded.

    With die_at = n > 0 the process kills itself with SIGKILL at the n-th call that changes the
    disk, or before or after the n-th request that changes the bucket; otherwise it ends by saying
    the number of such calls.
    """
    store = Store.open(address)
    countdown = Countdown(die_at)
    owner, names_of = (S3Requests, CHANGING_REQUESTS) if "://" in address else (os, CHANGING_CALLS)
    for name in names_of:
        countdown.watch(owner, name)
    for name in write_missing_artifacts(store, names, compact_every):
        connection.send(name)
    connection.send(str(countdown.calls))


class Countdown:
    """Wraps calls that change the store, and kills the process at one of them."""

    def __init__(self, die_at: int) -> None:
        self.calls = 0
        self._die_at = die_at

    def watch(self, owner: Any, name: str) -> None:
        setattr(owner, name, self._wrap(getattr(owner, name)))

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._tick()
            result = original(*arguments, **options)
            # A request may be done and its answer not be heard.
            if original.__name__ in CHANGING_REQUESTS:
                self._tick()
            return result

        return call

    def _tick(self) -> None:
        self.calls += 1
        # Before a call is after the one before it, so these points leave no gap.
        if self.calls == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
