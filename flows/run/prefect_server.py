"""Prefect made ready for one run: quiet, and with a server if the user has none.

Nothing here imports Prefect before it is asked for: most runs find everything cached.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

from flows.runners.workforce import interrupts_kept_from_children
from tasks import DarkroomError

SERVER_OF = "DARKROOM_SERVER_OF"
"""In the embedded server's environment: the process it belongs to, by which an orphan is known."""

# The progress display owns the terminal. What Prefect logs of the run still reaches its server.
_QUIET = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
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
    Raises DarkroomError if the embedded one does not come up, and if either stops answering for
    longer than Prefect's client tries again, which is minutes. It ends with the process.
    """
    from httpx import TransportError
    from prefect.settings import PREFECT_API_URL, temporary_settings

    is_embedded = not PREFECT_API_URL.value()
    with ExitStack() as stack:
        if is_embedded:
            address = _start_embedded()
            # Nothing watches the heartbeats of a run on a server that ends with it.
            stack.enter_context(without_heartbeats())
            if for_workers:
                stack.enter_context(temporary_settings({PREFECT_API_URL: address}))
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


def _start_embedded() -> str:
    """The address of its API."""
    from prefect.server.api.server import SubprocessASGIServer

    os.environ[SERVER_OF] = str(os.getpid())
    server = SubprocessASGIServer()
    in_main_thread = threading.current_thread() is threading.main_thread()
    try:
        # The server must outlive Ctrl-C, to hear how the run ended.
        with interrupts_kept_from_children() if in_main_thread else nullcontext():
            server.start()
    except RuntimeError as error:
        raise DarkroomError(
            f"Prefect's embedded server did not start: {error}. Try again, or start one with "
            "`prefect server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
        ) from error
    finally:
        del os.environ[SERVER_OF]
    return server.api_url
