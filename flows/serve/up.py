"""`darkroom up`: a Prefect server, the declared deployments, the report, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from flows.run.interrupt import stop_signals
from flows.run.prefect_settings import API_URL, place_of, read_settings, require_home
from flows.run.run_request import REPORT_URL
from flows.runners.workforce import interrupts_kept_from_children
from flows.serve.addresses import is_same_server, require_free, url_of
from flows.serve.declared import DeclaredDeployment
from flows.serve.deploy import drop_missed_runs, register
from flows.serve.report_server import report_server
from flows.serve.server import Server, running_server, sole_server
from tasks import BadInput, DarkroomError

if TYPE_CHECKING:
    from prefect.runner import Runner

POLL_SECONDS = 2.0
"""Between questions for runs that are due: a run asked for in the interface begins in so long."""

WATCH_SECONDS = 0.2
"""Between looks for a signal and at the server."""

_SETTINGS = {
    # What a run logs is read in the interface; the terminal shows what goes wrong.
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class Place:
    """Where to listen. limit: runs at once."""

    host: str
    port: int
    report_port: int
    limit: int


def up(
    deployments: Sequence[DeclaredDeployment],
    report: Path,
    place: Place,
    say: Callable[[str], None],
) -> None:
    """Serve until a signal. Raises BadInput, before anything is served, if a port is taken or the
    settings name another server."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    settings = read_settings()
    from prefect.settings import PREFECT_API_URL, temporary_settings

    url = url_of(place.host, place.port)
    api = f"{url}/api"
    require_own(settings.api.url, api)
    home = settings.home
    require_home(home)
    with stops_on_signals(), ExitStack() as stack:
        require_free(place.host, place.port, "--port")
        report_url = stack.enter_context(report_server(report, place.report_port))
        stack.enter_context(sole_server(home))
        say("Starting Prefect's server")
        server = stack.enter_context(running_server(place.host, place.port, api, home))
        # For the processes of the runs, which inherit them.
        os.environ["PREFECT_API_URL"] = api
        os.environ[REPORT_URL] = report_url
        stack.enter_context(temporary_settings({PREFECT_API_URL: api}))
        runner = _runner(deployments, place.limit)
        say(f"UI:      {url}\nAPI:     {api}\nReport:  {report_url}")
        say(f"Serving {len(deployments)} deployments. Press Ctrl-C to stop.")
        # A run's process hears of Ctrl-C from the runner alone, which then knows that the run was
        # cancelled and did not crash. The report's thread, which began before, takes the signal.
        with interrupts_kept_from_children():
            asyncio.run(_serve(runner, server, say))


def require_own(configured: str | None, api: str) -> None:
    """Raise BadInput if the settings name a server other than the one to be started."""
    if configured and not is_same_server(configured, api):
        raise BadInput(
            f"{place_of(API_URL)} is {configured}, another server than {api}; to register the "
            "deployments there use `darkroom deploy --pool NAME`, to start one here unset it"
        )


class _Stopped(SystemExit):
    """A signal ends the block. Event loops let it pass as they do KeyboardInterrupt.

    That one Python remembers: if it leaves an exec(), as of a dataclass that is being imported, the
    process ends by SIGINT in the end, caught or not.
    """


@contextmanager
def stops_on_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the block, cleaned up and without an error; further ones do
    nothing, since every step of the clean-up ends by itself."""

    taken = stop_signals()

    def stop(number: int, frame: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped

    previous = {each: signal.signal(each, stop) for each in taken}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def _runner(deployments: Sequence[DeclaredDeployment], limit: int) -> Runner:
    """With the deployments registered."""
    from prefect.client.orchestration import get_client
    from prefect.runner import Runner

    # Schedules stand in the database whether this process runs or not.
    runner = Runner(
        name="darkroom", limit=limit, query_seconds=POLL_SECONDS, pause_on_shutdown=False
    )
    with get_client(sync_client=True) as client:
        served = [register(client, item, runner.add_deployment) for item in deployments]
        drop_missed_runs(client, served)
    return runner


async def _serve(runner: Runner, server: Server, say: Callable[[str], None]) -> None:
    """Until a signal. The processes of runs are told to stop, and ended if they do not."""
    stop = asyncio.Event()

    def ask(*_: object) -> None:
        stop.set()

    # From here on nothing is raised where a signal happens to come. The loop's own handlers would
    # end with the loop, before the clean-up does.
    for each in stop_signals():
        signal.signal(each, ask)
    # The runner's own handler ends this process, with an error until the runner has begun.
    runner.handle_sigterm = ask  # type: ignore[method-assign]
    running = asyncio.create_task(runner.start())
    while not (runner.started or running.done()):
        await asyncio.sleep(0.01)
    try:
        while not (stop.is_set() or running.done()):
            server.require_alive()
            await asyncio.wait([running], timeout=WATCH_SECONDS)
    except DarkroomError:
        # There is nobody left to tell how the runs end.
        running.cancel()
        await asyncio.wait([running])
        raise
    if not running.done():
        say("Stopping; runs keep the steps they have finished.")
        await runner.astop()
    await running
