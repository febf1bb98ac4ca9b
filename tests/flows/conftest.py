"""A place to run pipelines in: a store, a lock folder and a Prefect of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.flows import forked
from tests.shared import new_prefect_home

REPOSITORY = Path(__file__).parents[2]
SMALL = Path(__file__).with_name("small.yaml")
SMALL_NODES = {
    "data/digits",
    "train/first",
    "train/second",
    "denoise/first/epoch-001",
    "table/metrics",
    "figure/f-first/loss_curve",
    "figure/f-first/denoised",
    "figure/f-second/loss_curve",
}


def _small(command: str) -> list[str]:
    return [*command.split(), "small", "--file", str(SMALL)]


def own_environment() -> dict[str, str]:
    """This process's, without its Prefect and its Darkroom."""
    ours = ("PREFECT_", "DARKROOM_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@dataclass
class Workplace:
    """Runs the command line over fake kinds, in a subprocess."""

    folder: Path
    environment: dict[str, str]

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def start(
        self, *arguments: str, new_group: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """new_group: a process group of its own, for signals as a terminal sends them."""
        return forked.start(
            ["tests.flows.fake_cli", *arguments],
            cwd=REPOSITORY,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0 if new_group else None,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, new_group=False, **environment)
        stdout, stderr = process.communicate(timeout=400)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def small(
        self, command: str, *options: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """`darkroom COMMAND small` on the small declaration."""
        return self.run(*_small(command), *options, **environment)

    def small_start(
        self, command: str, *options: str, new_group: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """The same, not waited for."""
        return self.start(*_small(command), *options, new_group=new_group, **environment)

    def computed(self) -> list[str]:
        """Names of the nodes computed so far, in order."""
        log = self.folder / "log"
        return log.read_text().split() if log.exists() else []

    def newest_layout(self) -> dict[str, Any]:
        """What the newest run of the small pipeline recorded."""
        from flows.run.run_record import LAYOUT, newest_run
        from tasks.store.store import Store

        store = Store.open(str(self.store), create=False)
        row = newest_run(store, "small")
        assert row is not None
        layout: dict[str, Any] = json.loads(store.read_object(row.objects[LAYOUT]))
        return layout

    def statuses(self) -> dict[str, str]:
        return {node["name"]: node["status"] for node in self.newest_layout()["nodes"]}


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_prefect_home(tmp_path_factory.mktemp("prefect"))


@pytest.fixture(scope="session")
def prefect_api(prefect_home: Path) -> Iterator[str]:
    """Address of a Prefect server that all tests share: starting one takes seconds."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import (
        PREFECT_HOME,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
        PREFECT_SERVER_LOGGING_LEVEL,
        temporary_settings,
    )

    settings = {
        PREFECT_HOME: prefect_home,
        PREFECT_SERVER_LOGGING_LEVEL: "CRITICAL",
        # On a machine that has much else to do.
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 400,
    }
    with temporary_settings(settings), SubprocessASGIServer() as server:
        yield server.api_url


@pytest.fixture
def embedded_workplace(tmp_path: Path, prefect_home: Path) -> Workplace:
    """Without a Prefect server: a run that computes starts the embedded one."""
    environment = own_environment() | {
        "PYTHONPATH": str(REPOSITORY),
        "TMPDIR": str(tmp_path),
        "DARKROOM_STORE": str(tmp_path / "store"),
        "DARKROOM_FAKE_LOG": str(tmp_path / "log"),
        "PREFECT_HOME": str(prefect_home),
    }
    return Workplace(tmp_path, environment)


@pytest.fixture
def prefect_workplace(embedded_workplace: Workplace, prefect_api: str) -> Workplace:
    """With the shared Prefect server, as if it were the user's."""
    embedded_workplace.environment["PREFECT_API_URL"] = prefect_api
    return embedded_workplace


@pytest.fixture
def workplace(embedded_workplace: Workplace) -> Workplace:
    """With threads in place of Prefect's flows, which cost seconds a run."""
    embedded_workplace.environment["DARKROOM_FAKE_FLOWS"] = "1"
    return embedded_workplace


@pytest.fixture
def same_threads() -> Iterator[None]:
    """Steps side by side share the cores; what comes after has as many as before."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
