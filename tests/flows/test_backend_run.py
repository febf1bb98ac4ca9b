"""The whole command with a text-to-image model: refused before any work, or run to the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.run.run_record import LAYOUT, newest_run
from tasks.store.store import Store
from tests.flows.small_declaration import REPOSITORY, write
from tests.shared import new_prefect_home
from tests.text_to_image.fake_hub import REPOSITORY as HUB_REPOSITORY
from tests.text_to_image.fake_hub import FakeHub, fake_hub
from tests.tiny_if import TinyIF

TOKEN = "hf_" + "T0kenThatMustNotBeSeen" * 2
ACCEPTED = "hf_" + "AcceptedT0kenNotToBeSeen" * 2
"""The token of an account that has accepted the licence of the gated hub."""

DECLARATION: dict[str, Any] = {
    "version": 1,
    "datasets": {},
    "text_to_image": {"first_timestep": 900, "stride": 450},
    "backends": {
        "local": {"title": "Of this machine", "stage_one": "tiny-if-i", "stage_two": "tiny-if-ii"},
        "hub": {"title": "Of the hub", "stage_one": HUB_REPOSITORY, "variant": "fp16"},
    },
    "backend": "local",
    "figures": {
        "w1-samples": {
            "section": "A1.5",
            "title": "Samples",
            "seed": 1,
            "panels": [{"plot": "prompt_samples", "prompt": "a red panda", "count": 1}],
        }
    },
    "pipelines": {"pictures": {"title": "Pictures", "figures": ["*"]}},
    "profiles": {"plain": {"title": "As declared", "number_format": "float32"}},
    "default_profile": "plain",
}


def darkroom(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`darkroom run pictures` in a folder of its own, with no hub but that of `environment`."""
    file = write(folder, DECLARATION)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "DARKROOM_", "HF_", "HUGGING"))
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "flows.cli", "run", "pictures", "--device", "cpu"),
            *("--file", str(file), "--store", str(folder / "store"), *options),
        ],
        cwd=REPOSITORY,
        env={
            **kept,
            "TMPDIR": str(folder),
            "PREFECT_HOME": str(folder / "prefect"),
            "HF_HOME": str(folder / "hub-home"),
            "HF_ENDPOINT": "http://127.0.0.1:9",
            "HF_TOKEN": TOKEN,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=500,
    )


def assert_refused(done: subprocess.CompletedProcess[str], folder: Path, words: str) -> None:
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert words in line
    assert "--backend pocket" in line
    assert done.stdout == ""
    assert not (folder / "store").exists()


@pytest.fixture
def gated_hub(tiny_if: TinyIF) -> Iterator[FakeHub]:
    with fake_hub(tiny_if.stage_one, accepted={ACCEPTED}) as served:
        yield served


def test_run_without_network_ends_in_one_message_and_changes_nothing(tmp_path: Path) -> None:
    done = darkroom(tmp_path, "--backend", "hub")
    assert_refused(done, tmp_path, "the hub cannot be reached")


def test_run_without_a_token_ends_in_one_message(tmp_path: Path, gated_hub: FakeHub) -> None:
    done = darkroom(tmp_path, "--backend", "hub", HF_ENDPOINT=gated_hub.address, HF_TOKEN="")
    assert_refused(done, tmp_path, "needs an accepted licence and a token, and there is no token")


def test_run_without_the_licence_ends_in_one_message(tmp_path: Path, gated_hub: FakeHub) -> None:
    done = darkroom(tmp_path, "--backend", "hub", HF_ENDPOINT=gated_hub.address)
    assert_refused(done, tmp_path, "the account of HF_TOKEN has not accepted it")
    assert TOKEN not in done.stderr


def test_run_with_an_unknown_folder_ends_in_one_message(tmp_path: Path) -> None:
    assert_refused(darkroom(tmp_path), tmp_path, f"there is no folder {tmp_path / 'tiny-if-i'}")


def assert_unseen(token: str, done: subprocess.CompletedProcess[str], folder: Path) -> None:
    """The token is in nothing that a run has said or left: not in the store with the report, the
    database and logs of Prefect, nor the cache of the hub."""
    assert token not in done.stdout + done.stderr
    rows = Store.open(str(folder / "store"), create=False).rows().values()
    assert rows
    assert not any(token in repr(row) for row in rows)
    for left in ("store/objects", "store/report", "prefect"):
        assert any(path.is_file() for path in (folder / left).rglob("*")), left
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if token.encode() in path.read_bytes()] == []


@pytest.fixture(scope="module")
def first_run(
    tmp_path_factory: pytest.TempPathFactory, tiny_if: TinyIF
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """In a project that has the model; its folder."""
    folder = tmp_path_factory.mktemp("project")
    for stage in (tiny_if.stage_one, tiny_if.stage_two):
        shutil.copytree(stage, folder / stage.name)
    new_prefect_home(folder / "prefect")
    done = darkroom(folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_token_is_in_nothing_that_a_run_leaves(
    first_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = first_run
    assert_unseen(TOKEN, done, folder)


@pytest.mark.slow
def test_second_run_computes_nothing_and_the_layout_names_the_model(
    first_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = first_run
    second = darkroom(folder)
    assert "everything is in the store" in second.stdout, second.stdout + second.stderr
    store = Store.open(str(folder / "store"), create=False)
    row = newest_run(store, "pictures")
    assert row is not None
    assert row.params["backend"] == "local"
    assert b'"title": "Of this machine"' in store.read_object(row.objects[LAYOUT])


@pytest.mark.slow
def test_run_on_a_gated_model_fetches_it_and_goes_to_the_end(
    tmp_path: Path, gated_hub: FakeHub
) -> None:
    options = {
        "HF_ENDPOINT": gated_hub.address,
        "HF_TOKEN": ACCEPTED,
        "HF_HUB_DISABLE_XET": "1",
    }
    new_prefect_home(tmp_path / "prefect")
    done = darkroom(tmp_path, "--backend", "hub", **options)
    assert done.returncode == 0, done.stderr
    rows = Store.open(str(tmp_path / "store"), create=False).rows().values()
    prompts = [row for row in rows if row.kind == "prompt"]
    assert {row.info["commit"] for row in prompts} == {"c" * 40}
    assert not any("safety_checker" in name for name in gated_hub.downloads)
    assert_unseen(ACCEPTED, done, tmp_path)
