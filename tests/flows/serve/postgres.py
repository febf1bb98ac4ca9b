"""A Postgres of Debian's packages on loopback, with a database of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.free_port import free_port

REQUIRED = "DARKROOM_REQUIRE_POSTGRES"
USERS = ("postgres", "nobody")
"""Postgres refuses to run as root; the first of them that there is."""


def programs() -> Path:
    """The folder of initdb and postgres. Skips, saying so, where there is none; fails where there
    has to be one."""
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        message = "needs Postgres: apt-get install postgresql"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)
    return found[-1].resolve().parent


def as_other_user() -> dict[str, Any]:
    """Options of a subprocess that is not to be root's."""
    if os.getuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(known[name] for name in USERS if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty database, as Prefect takes it."""
    folder, other = programs(), as_other_user()
    # Not below pytest's folders, which other users cannot enter.
    data = Path(tempfile.mkdtemp(prefix="darkroom-postgres-", dir="/tmp"))
    environment = {**os.environ, "LC_ALL": "C", "HOME": str(data)}
    try:
        if other:
            os.chown(data, other["user"], other["group"])
        made = subprocess.run(
            [
                *(folder / "initdb", "-D", data / "cluster", "-U", "postgres", "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=data,
            env=environment,
            capture_output=True,
            text=True,
            **other,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        process = subprocess.Popen(
            [folder / "postgres", "-D", data / "cluster", "-p", str(port)]
            + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
            cwd=data,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(data / "log").open("wb"),
            **other,
        )
        try:
            _wait(folder, port, process, data / "log")
            yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
        finally:
            # "Fast" shutdown: without waiting for those who are still connected.
            process.send_signal(2)
            process.wait(60)
    finally:
        shutil.rmtree(data)


def _wait(folder: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ready = [folder / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    until = time.monotonic() + 120
    while subprocess.run(ready).returncode != 0:
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.1)
