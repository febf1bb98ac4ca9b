"""A Dask cluster of this machine: a scheduler and two workers, in processes of their own."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.store.row import Row
from tasks.store.store import Store
from tests.flows.free_port import free_port
from tests.flows.serve.conftest import Site, wait_for

REQUIRED = "DARKROOM_REQUIRE_DASK"


def require_dask() -> None:
    """Skip, saying so, where it is not installed; fail where it has to be."""
    if importlib.util.find_spec("prefect_dask") is None:
        message = "needs Dask: pip install -e '.[dask]'"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)


@dataclass
class Lab:
    """A site with a Prefect server and a cluster on it. workers: the processes, one thread each."""

    site: Site
    address: str
    workers: list[subprocess.Popen[bytes]]

    def start(self, store: str, *options: str, log: str) -> subprocess.Popen[bytes]:
        """`darkroom run small` on the cluster."""
        arguments = ["--runner", f"dask:{self.address}", "--store", store, *options]
        return self.site.start("flows.cli", "run", "small", *arguments, log=log)

    def run(self, store: str) -> str:
        """The same, waited for; what it printed."""
        return self.ended(self.start(store, log="run.log"))

    def ended(self, process: subprocess.Popen[bytes]) -> str:
        """What a run that logs to run.log printed, once it has ended well."""
        wait_for(lambda: process.poll() is not None, "the run does not end", seconds=300)
        told = (self.site.folder / "run.log").read_text()
        assert process.returncode == 0, told
        return told

    def rows(self, store: str) -> dict[str, Row]:
        """Of every node in the store, by name; each with all its objects."""
        opened = Store.open(str(self.site.folder / store), create=False)
        rows = {row.name: row for row in opened.rows().values() if row.kind != "run"}
        assert not opened.missing_objects(list(rows.values()))
        return rows

    def forget_computed(self) -> None:
        (self.site.folder / "log").unlink(missing_ok=True)

    def holder(self) -> tuple[str, int]:
        """The step that computes on the device, and its process."""
        (file,) = self.site.folder.glob("darkroom-*/accelerator/*.holder")
        name, _, process = file.read_text().rpartition(" (process ")
        return name, int(process.rstrip(")"))


def start_lab(
    folder: Path, prefect_api: str, *worker_options: str, seconds: str, **environment: str
) -> Lab:
    """seconds: what a step takes."""
    site = Site.at(folder)
    site.environment |= {"PREFECT_API_URL": prefect_api, "DARKROOM_FAKE_SECONDS": seconds}
    site.environment |= environment
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    where = ["--host", "127.0.0.1"]
    site.start(
        "distributed.cli.dask_scheduler",
        *where,
        *["--port", str(port), "--no-dashboard", "--no-show"],
        log="scheduler.log",
    )
    wait_for(lambda: answers(port), "the scheduler does not start")
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
    workers = [
        site.start(
            "distributed.cli.dask_worker",
            *[address, *where, *options, *worker_options],
            log=f"worker-{number}.log",
        )
        for number in range(2)
    ]
    for number in range(2):
        log = folder / f"worker-{number}.log"
        wait_for(lambda log=log: "Registered to" in log.read_text(), "a worker does not join")
    return Lab(site, address, workers)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        time.sleep(0.1)
        return False
    return True


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Iterator[Lab]:
    """One that the tests of a module share, whose workers declare no resource."""
    require_dask()
    made = start_lab(tmp_path_factory.mktemp("dask"), prefect_api, seconds="0.5")
    yield made
    made.site.end()
