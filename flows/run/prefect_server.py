"""Prefect made ready for one run: quiet, and with a server if the user has none.

Nothing here imports Prefect before it is asked for: most runs find everything cached.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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
def prefect_server(*, for_workers: bool = False) -> Iterator[None]:
    """The user's server if their settings name one, else the embedded one, started now.

    for_workers: other processes use it too, so settings name the embedded one meanwhile.
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
            address = stack.enter_context(_embedded())
            # Nothing watches the heartbeats of a run on a server that ends with it.
            stack.enter_context(without_heartbeats())
            if for_workers:
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
def _embedded() -> Iterator[str]:
    """The address of its API. Every client of this process uses it, settings naming no other."""
    from prefect.server.api.server import SubprocessASGIServer

    class Embedded(SubprocessASGIServer):
        """As Prefect's own, but ended by this process alone, and quiet."""

        def start(self, timeout: int | None = None) -> None:
            if self.running:
                return
            self.running = True
            self._output = tempfile.TemporaryFile()  # noqa: SIM115
            while True:
                self.port = self.find_available_port()
                self.server_process = server_process.start(
                    "uvicorn", _uvicorn(self.port), _environment(), self._output
                )
                if server_process.wait_until_healthy(
                    self.server_process, self.api_url, START_SECONDS
                ):
                    return
                if self.server_process.poll() != PORT_TAKEN:
                    raise DarkroomError(self._problem())

        def stop(self) -> None:
            if self.server_process is not None:
                server_process.stop(self.server_process, STOP_SECONDS)
                self._output.close()
            super().stop()

        def _problem(self) -> str:
            assert self.server_process is not None
            code = self.server_process.poll()
            what = "did not answer in time" if code is None else f"ended with exit code {code}"
            self._output.seek(0)
            lines = self._output.read().decode(errors="replace").strip().splitlines()
            told = f": {lines[-1].strip()}" if lines else ""
            return (
                f"Prefect's embedded server {what}{told}. Try again, or start one with `prefect "
                "server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
            )

    server = Embedded()
    try:
        server.start()
        yield server.api_url
    finally:
        server.stop()


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
