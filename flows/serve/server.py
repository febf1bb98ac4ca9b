"""A Prefect server with its interface, as a child of this process that ends with it.

    python -m flows.serve.server server start

is Prefect's command line as that child. The parent holds the other end of its stdin. When the
parent is gone, by kill -9 too, the pipe closes, and a server is not left behind with its port.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tasks import BadInput, DarkroomError
from tasks.store.locks import host_folder

START_SECONDS = 120.0
STOP_SECONDS = 15.0
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
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

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
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.serve.server", *command],
            env={**settings, **environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches all of a terminal's group. The server goes last, to hear how runs end.
            start_new_session=True,
        )
        server = Server(process, log)
        try:
            _wait_until_healthy(server, f"{api}/health")
        except BaseException:
            server.stop()
            raise
    try:
        yield server
    finally:
        server.stop()


def _wait_until_healthy(server: Server, address: str) -> None:
    until = time.monotonic() + START_SECONDS
    # Loopback is never behind a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until:
        server.require_alive()
        try:
            with opener.open(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    raise DarkroomError(
        f"Prefect's server did not answer in {START_SECONDS:.0f} s; see {server.log}"
    )


def end_with_parent() -> None:
    """SIGTERM for this process once stdin closes."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    sys.argv[0] = "prefect"
    runpy.run_module("prefect", run_name="__main__")
