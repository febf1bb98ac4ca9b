"""A small declaration and stores with runs of it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from flows.declaration.read_declaration import DeclarationFile
from flows.plan.plan import Plan
from tasks.store.store import Store
from tests.flows.recorded_plan import plan_of
from tests.flows.small_declaration import small_file
from tests.flows.upkeep.recorded_run import HOUR, make_files_old, record_made, record_run

LONGER = ["models.denoiser.epochs=7"]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of runs lie in the host's temporary folder."""
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def file(tmp_path: Path) -> DeclarationFile:
    return small_file(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Plan]:
    """Two runs of "first", made once: run-2 trains for longer than run-1 did. With its plan."""
    folder = tmp_path_factory.mktemp("recorded")
    file, store = small_file(folder), Store.open(str(folder / "store"))
    plan = plan_of(file, store, "first")
    record_made(store, plan, metrics={"final_loss": 0.5, "parameters": 100.0})
    record_run(store, plan, "run-1", age=20 * HOUR)
    longer = plan_of(file, store, "first", overrides=LONGER)
    record_made(store, longer, metrics={"final_loss": 0.25, "parameters": 100.0})
    record_run(store, longer, "run-2")
    make_files_old(store)
    return store, plan_of(file, store, "first", overrides=LONGER)


@pytest.fixture
def changed(recorded: tuple[Store, Plan], store: Store) -> Plan:
    """`store` after these two runs, all of it ten hours old; the plan of run-2."""
    made, plan = recorded
    shutil.copytree(made.address, store.address, dirs_exist_ok=True)
    return plan
