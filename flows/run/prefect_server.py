"""Prefect made ready for one run: quiet, and with a server if the user has none.

Nothing here imports Prefect before it is asked for: most runs find everything cached.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from flows.run import server_process
from flows.run.prefect_settings import read_settings, require_home, require_server
from tasks import DarkroomError

SERVER_OF = "DARKROOM_SERVER_OF"
"""In the embedded server's environment: the process it belongs to, by which an orphan is known."""

START_SECONDS = 120.0
STOP_SECONDS = 5.0
QUEUE_SECONDS = 5.0
PORT_TAKEN = 3
"""The exit code of uvicorn."""

# The progress display owns the terminal. What Prefect logs of the run still reaches its server.
_QUIET = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "DO_NOT_TRACK": "1",
}


def quiet_prefect() -> None:
    """Settings for this process and the embedded server; what the user has set stays."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


@contextmanager
def prefect_server(meanwhile: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The user's server if their settings name one, else the embedded one, started now.

    Settings name the embedded one until then. meanwhile: called once, as it comes up.
    Raises BadInput for settings that cannot be used; DarkroomError if the embedded one does not
    come up, and if either stops answering for longer than Prefect's client tries again, which is
    minutes. The embedded one ends with the block.
    """
    settings = read_settings()
    from httpx import TransportError
    from prefect.settings import PREFECT_API_URL, temporary_settings

    is_embedded = not settings.api.url
    if settings.api.url:
        require_server(settings.api.url)
    else:
        require_home(settings.home)
    with ExitStack() as stack:
        if is_embedded:
            address = stack.enter_context(_embedded(meanwhile))
            # Nothing watches the heartbeats of a run on a server that ends with it.
            stack.enter_context(without_heartbeats())
            stack.enter_context(temporary_settings({PREFECT_API_URL: address}))
        stack.callback(_send_what_is_queued)
        try:
            yield
        except TransportError as error:
            raise DarkroomError(_lost(is_embedded, f"{type(error).__name__}: {error}")) from error


def _lost(is_embedded: bool, why: str) -> str:
    from prefect.settings import PREFECT_API_URL

    server, advice = "embedded server", "Run again"
    if not is_embedded:
        server = f"server at {PREFECT_API_URL.value()}"
        advice = "Start it again, or unset PREFECT_API_URL to do without it, and run again"
    return (
        f"Prefect's {server} stopped answering ({why}). Every finished step is in the store. "
        f"{advice}: only what is left is done."
    )


@contextmanager
def without_heartbeats() -> Iterator[None]:
    """Flow runs begun here send none.

    Ending the heartbeat of a flow run takes up to a second, which is most of what a short one
    costs. Subflows need none: their parent's tells that the process lives.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@contextmanager
def _embedded(meanwhile: Callable[[], None]) -> Iterator[str]:
    """The address of its API.

    Started here and not by Prefect's SubprocessASGIServer, which brings the whole server into this
    process: two seconds of imports before the first step.
    """
    with tempfile.TemporaryFile() as output:
        while True:
            port = _free_port()
            address = f"http://127.0.0.1:{port}/api"
            process = server_process.start("uvicorn", _uvicorn(port), _environment(), output)
            try:
                meanwhile()
                if server_process.wait_until_healthy(process, address, START_SECONDS):
                    yield address
                    return
                if process.poll() != PORT_TAKEN:
                    raise DarkroomError(_start_problem(process.poll(), output))
            finally:
                server_process.stop(process, STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _start_problem(code: int | None, output: IO[bytes]) -> str:
    what = "did not answer in time" if code is None else f"ended with exit code {code}"
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    told = f": {lines[-1].strip()}" if lines else ""
    return (
        f"Prefect's embedded server {what}{told}. Try again, or start one with `prefect "
        "server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
    )


def _uvicorn(port: int) -> list[str]:
    return [
        *("--factory", "prefect.server.api.server:create_app", "--lifespan", "on"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
    ]


def _environment() -> dict[str, str]:
    """As Prefect gives it to a server of its own."""
    from prefect.settings import get_current_settings

    return {
        **os.environ,
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        SERVER_OF: str(os.getpid()),
        **get_current_settings().to_environment_variables(exclude_unset=True),
    }


def _send_what_is_queued() -> None:
    """Logs and events of the run, while there is a server and before the interpreter goes.

    At exit Python starts no more threads, which sending needs.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=QUEUE_SECONDS)
