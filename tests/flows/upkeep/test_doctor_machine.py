from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.upkeep.doctor import machine
from flows.upkeep.doctor.declared import check_data, check_declaration, check_hub, check_token
from flows.upkeep.doctor.machine import (
    check_device,
    check_disk,
    check_libraries,
    check_memory,
    check_store,
)
from tasks.store.store import Store
from tests.flows.small_declaration import REPOSITORY, SMALL, write

TOKEN = "hf_this_is_a_secret"

PYPROJECT = """
[project]
name = "diffusion-darkroom"
requires-python = ">=3.11"
dependencies = ["prefect>=3.8.8,<3.9", "fastapi>=0.139,<0.151", "torch>=2.6; sys_platform == 'x'"]
"""


def levels(findings) -> dict[str, str]:
    return {finding.name: finding.level for finding in findings}


@pytest.fixture
def pyproject(tmp_path: Path) -> Path:
    path = tmp_path / "pyproject.toml"
    path.write_text(PYPROJECT)
    return path


def test_versions_that_work_are_one_line(pyproject):
    versions = {"prefect": "3.8.9", "fastapi": "0.150.0"}
    found = check_libraries(pyproject, "3.12.1", versions.__getitem__)
    assert levels(found) == {"python": "ok", "libraries": "ok"}


def test_version_that_does_not_work_is_named_with_what_does(pyproject):
    versions = {"prefect": "3.8.9", "fastapi": "0.151.0"}
    found = check_libraries(pyproject, "3.12.1", versions.__getitem__)
    assert levels(found) == {"python": "ok", "fastapi": "problem"}
    assert 'pip install "fastapi<0.151,>=0.139"' in found[1].text


def test_missing_library_and_old_python_are_problems(pyproject):
    found = check_libraries(pyproject, "3.10.4", lambda name: "not installed")
    assert levels(found) == dict.fromkeys(["python", "prefect", "fastapi"], "problem")


def test_pins_of_this_repository_are_read():
    found = check_libraries(version_of=lambda name: "not installed")
    assert {"prefect", "fastapi", "sqlalchemy", "torch"} <= levels(found).keys()


@pytest.mark.parametrize(("capability", "level"), [(9.0, "warning"), (None, "ok")])
def test_gpu_that_torch_cannot_use_is_a_warning(monkeypatch, capability, level):
    monkeypatch.setattr(machine, "resolve_device", lambda: "cpu")
    monkeypatch.setattr(machine, "compute_capability", lambda: capability)
    assert check_device().level == level


def test_little_free_memory_is_a_warning(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\n")
    assert check_memory(meminfo).text == "16.0 GiB in all, 8.0 GiB free"
    meminfo.write_text("MemTotal: 16777216 kB\nMemAvailable: 524288 kB\n")
    assert check_memory(meminfo).level == "warning"


@pytest.mark.parametrize(("gib", "level"), [(100, "ok"), (1, "warning"), (0.1, "problem")])
def test_little_free_disk_is_told(store, monkeypatch, gib, level):
    usage = shutil.disk_usage(store.address)._replace(free=int(gib * 2**30))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: usage)
    assert check_disk(store).level == level


def test_store_not_there_yet_is_not_made(tmp_path):
    found = check_store(Store(str(tmp_path / "a" / "store")))
    assert found.level == "ok" and "can be made" in found.text
    assert not (tmp_path / "a").exists()


def test_store_that_cannot_be_written_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert check_store(Store(str(tmp_path / "file"))).level == "problem"
    assert check_store(Store(str(tmp_path / "file" / "store"))).level == "problem"


def test_declaration_that_cannot_be_used_is_a_problem(tmp_path):
    assert check_declaration(str(tmp_path / "none.yaml"))[0].level == "problem"
    found, declaration = check_declaration(str(REPOSITORY / "pipelines.yaml"))
    assert found.level == "ok" and declaration is not None


def test_data_sets_are_recognised_or_named_as_wrong(tmp_path):
    declaration = check_declaration(str(write(tmp_path, SMALL)))[1]
    folder = tmp_path / "data" / "hub_digits"
    folder.mkdir(parents=True)
    assert levels(check_data(declaration, str(folder.parent))) == {
        "DARKROOM_DATA": "ok",
        "data set hub_digits": "problem",
    }
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for split, rows in (("train", 600), ("test", 100)):
        columns = {"image": pa.nulls(rows, image), "label": pa.array([0] * rows, pa.int64())}
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    found = check_data(declaration, str(folder.parent))[1]
    assert (found.level, "700 images" in found.text) == ("ok", True)


def test_data_folder_that_cannot_be_read_is_a_problem(tmp_path):
    assert levels(check_data(None, str(tmp_path / "gone"))) == {"DARKROOM_DATA": "problem"}
    assert levels(check_data(None, None)) == {"DARKROOM_DATA": "note"}


@pytest.fixture
def no_token(tmp_path, monkeypatch):
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))


def test_token_is_found_and_never_shown(no_token, tmp_path, monkeypatch):
    assert check_token().level == "note"
    (tmp_path / "token").write_text(TOKEN)
    in_file = check_token()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    in_environment = check_token()
    assert (in_file.level, in_environment.level) == ("ok", "ok")
    assert TOKEN not in in_file.text + in_environment.text


def test_hub_is_not_asked_when_offline(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert "cannot be reached" in check_hub().text
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "not asked" in check_hub().text
