"""A Prefect server with its interface, which ends with this process."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from flows.run import server_process
from tasks import BadInput, DarkroomError
from tasks.store.locks import host_folder

START_SECONDS = 120.0
LINES_SHOWN = 15

DATABASE_URLS = (
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_API_DATABASE_CONNECTION_URL",
)
"""In the environment: both names that Prefect reads."""

_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "true",
    # The interface asks the address it was loaded from, by whatever name that was reached.
    "PREFECT_UI_API_URL": "/api",
    "DO_NOT_TRACK": "1",
}


class Server:
    """A running server. log: what it prints."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log

    def require_alive(self) -> None:
        """Raise DarkroomError, with the end of its log, if the server has ended."""
        code = self._process.poll()
        if code is not None:
            raise DarkroomError(
                f"Prefect's server ended (exit code {code}). The end of {self.log}:\n{self._tail()}"
            )

    def stop(self) -> None:
        """End it, politely first. What was committed to its database stays."""
        server_process.stop(self._process)

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LINES_SHOWN:])


@contextmanager
def sole_server(home: Path) -> Iterator[None]:
    """Hold PREFECT_HOME: of two servers started together, one would migrate under the other.

    Raises BadInput if another `darkroom up` holds it.
    """
    path = home / "darkroom-up.lock"
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise BadInput(
            f"another `darkroom up` serves {home}; stop it, or set PREFECT_HOME to another folder"
        ) from error
    except OSError as error:
        raise BadInput(f"PREFECT_HOME {home} cannot be used ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone_on_database(environment: Mapping[str, str]) -> Iterator[None]:
    """Wait until no other server of this host starts on the database that the environment names.

    For servers of several homes, whose locks do not keep them apart while they migrate.
    """
    url = next((environment[name] for name in DATABASE_URLS if environment.get(name)), None)
    if url is None:
        yield
        return
    # By hash: the address may hold a password.
    name = hashlib.sha256(url.encode()).hexdigest()[:32]
    with FileLock(host_folder("databases") / f"{name}.lock"):
        yield


@contextmanager
def running_server(
    host: str, port: int, api: str, home: Path, settings: Mapping[str, str] = _SETTINGS
) -> Iterator[Server]:
    """Start a server, wait until it answers at `api`, and end it afterwards.

    It migrates its database before it answers. Raises DarkroomError if it does not come up.
    """
    log = home / "darkroom-server.log"
    command = ["server", "start", "--host", host, "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    with log.open("wb") as output, alone_on_database(environment):
        process = server_process.start(
            "prefect",
            command,
            {**settings, **environment},
            output,
        )
        server = Server(process, log)
        try:
            if not server_process.wait_until_healthy(process, api, START_SECONDS):
                server.require_alive()
                raise DarkroomError(
                    f"Prefect's server did not answer in {START_SECONDS:.0f} s; see {log}"
                )
        except BaseException:
            server.stop()
            raise
    try:
        yield server
    finally:
        server.stop()
