"""`darkroom up` as a user starts it, with a Prefect of its own, over kinds that cost nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.flows.conftest import REPOSITORY, SMALL, own_environment
from tests.flows.free_port import free_port, wait_for_health
from tests.shared import new_prefect_home

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

FAKE_SITE = Path(__file__).with_name("fake_site")
SCHEDULES = """
schedules:
  nightly: {pipeline: small, cron: "0 3 * * *", timezone: Europe/Berlin, active: false}
  hourly: {pipeline: small, interval_seconds: 3600, active: true}
"""


@dataclass
class Site:
    """A folder with a store, a declaration and a Prefect home; what is started in it."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path) -> Site:
        declaration = folder / "pipelines.yaml"
        declaration.write_text(SMALL.read_text() + SCHEDULES)
        environment = own_environment() | {
            "PYTHONPATH": os.pathsep.join([str(FAKE_SITE), str(REPOSITORY)]),
            "TMPDIR": str(folder),
            "PREFECT_HOME": str(new_prefect_home(folder / "prefect")),
            "DARKROOM_STORE": str(folder / "store"),
            "DARKROOM_FAKE_LOG": str(folder / "log"),
            # How often Prefect looks at schedules; by default once a minute.
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        }
        return cls(folder, environment)

    def start(self, *command: str, log: str, **environment: str) -> subprocess.Popen[bytes]:
        """python -m ... in the folder, writing to a log there."""
        with (self.folder / log).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def serve(self) -> Up:
        """A Prefect server of the user's, for workers."""
        port = free_port()
        process = self.start("prefect", "server", "start", "--port", str(port), log="up.log")
        self.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        wait_for_health(self.environment["PREFECT_API_URL"], process)
        return Up(self, process, port, 0)

    def processes(self) -> list[int]:
        """Those that were started here, and all that they started."""
        from flows.upkeep.doctor.processes import list_processes

        home = self.environment["PREFECT_HOME"]
        found = [p for p in list_processes() if p.environment.get("PREFECT_HOME") == home]
        return [process.pid for process in found]

    def computed(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().split() if log.exists() else []

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass
class Up:
    """A running `darkroom up`."""

    site: Site
    process: subprocess.Popen[bytes]
    port: int
    report_port: int

    @classmethod
    def start(cls, site: Site, **environment: str) -> Up:
        ports = free_ports()
        process = site.start("flows.cli", "up", *ports, log="up.log", **environment)
        up = cls(site, process, int(ports[1]), int(ports[3]))
        wait_for(lambda: "Press Ctrl-C" in up.log or process.poll() is not None, up)
        assert process.poll() is None, up.log
        return up

    @property
    def log(self) -> str:
        return (self.site.folder / "up.log").read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def report(self) -> str:
        return f"http://127.0.0.1:{self.report_port}"

    @property
    def client(self) -> SyncPrefectClient:
        from prefect.client.orchestration import SyncPrefectClient

        return SyncPrefectClient(f"{self.url}/api")

    def deployment(self) -> Any:
        return self.client.read_deployment_by_name("run-pipeline/small")

    def ask(self, **request: Any) -> UUID:
        """A run as the interface asks for one."""
        deployment = self.deployment()
        parameters = {"request": {**deployment.parameters["request"], **request}}
        run = self.client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        return run.id

    def ended(self, run: UUID) -> FlowRun:
        """The run, once it has ended."""
        wait_for(lambda: self.client.read_flow_run(run).state.is_final(), self)
        return self.client.read_flow_run(run)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """As a terminal does: to the whole group. The exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(300)


def free_ports() -> list[str]:
    """Options of `darkroom up`."""
    return ["--port", str(free_port()), "--report-port", str(free_port())]


def wait_for(is_so: Any, told: Any = None, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, getattr(told, "log", told)
        time.sleep(0.1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site.at(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that the tests of a module share."""
    made = Site.at(tmp_path_factory.mktemp("served"))
    try:
        yield Up.start(made)
    finally:
        made.end()
