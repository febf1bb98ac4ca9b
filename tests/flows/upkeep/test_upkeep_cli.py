"""The upkeep commands as they are called: exit codes, JSON, and what they must not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli.__main__ import app
from flows.upkeep.doctor import examine
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.doctor.prefect_runs import PrefectAddress
from tasks.store.store import Store
from tests.flows.recorded_plan import plan_of
from tests.flows.upkeep.recorded_run import files_of_store, record_run
from tests.report.page_reader import Page

TOKEN = "hf_this_is_a_secret"


def call(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--store", store.address])


def answer(store: Store, *arguments: str) -> Any:
    done = call(store, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def explained(tmp_path: Path) -> list[str]:
    here = ["--device", "cpu", "--number-format", "float32"]
    return ["explain", "train/denoiser", "first", "--file", str(tmp_path / "pipelines.yaml"), *here]


@pytest.fixture
def quiet_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process of this host, no Prefect and no hub has a say."""
    monkeypatch.setattr(examine, "list_processes", list)
    monkeypatch.setattr(
        examine, "prefect_address", lambda: PrefectAddress(None, tmp_path / "prefect.db")
    )
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.delenv("DARKROOM_DATA", raising=False)


def test_runs(changed, store):
    assert [run["id"] for run in answer(store, "runs")["runs"]] == ["run-2", "run-1"]
    assert "run-2" in call(store, "runs").stdout


def test_failures_of_a_run_are_shown(file, store):
    record_run(store, plan_of(file, store, "first"), "bad", failed={"train/denoiser": "[NaN] loss"})
    assert "bad failed: train/denoiser: [NaN] loss" in call(store, "runs").stdout


def test_diff(changed, store):
    found = answer(store, "diff", "run-1", "latest")
    settings = {(item["node"], item["name"]): (item["a"], item["b"]) for item in found["settings"]}
    assert settings["train/denoiser", "epochs"] == (5, 7)
    assert found["metrics"][0]["difference"] == -0.25
    text = call(store, "diff").stdout
    assert found["images"][0]["a"] in text and "epochs" in text


def test_diff_as_a_page(changed, store, tmp_path):
    page = tmp_path / "two-runs.html"
    assert str(page) in call(store, "diff", "run-1", "latest", "--html", str(page)).stdout
    found = Page.read(page)
    assert found.unclosed == []
    for said in ("run-1", "run-2", "epochs 5 7", "final loss 0.5 0.25 -0.25 -50 %"):
        assert said in found.text
    outside = [address for address in found.addresses if not address.startswith(("#", "data:"))]
    assert set(outside) <= {"index.html"}


def test_explain(changed, file, store, explained):
    explained += ["--set", "models.denoiser.batch_size=128"]
    found = answer(store, *explained)
    changed_names = [item["name"] for item in found["ingredients"] if item["is_changed"]]
    assert (found["reason"], changed_names) == ("batch_size 64 -> 128", ["batch_size"])
    assert "batch_size 64 -> 128" in call(store, *explained).stdout


def test_verify_exits_with_1_until_repaired(changed, store):
    assert answer(store, "verify")["is_wrong"] is False
    row = store.find(changed.by_name["train/denoiser"].key)
    assert row is not None
    Path(store.object_address(row.objects["image.png"])).write_bytes(b"x")
    wrong = call(store, "verify", "--json")
    assert (wrong.exit_code, json.loads(wrong.stdout)["is_wrong"]) == (1, True)
    assert call(store, "verify").exit_code == 1
    mended = call(store, "verify", "--repair")
    assert (mended.exit_code, "train/denoiser" in mended.stdout) == (0, True)
    assert call(store, "verify").exit_code == 0


def test_gc_deletes_only_when_told_to(changed, store):
    before = files_of_store(store)
    dry = answer(store, "gc", "--keep-runs", "1")
    assert dry["bytes"] > 0 and files_of_store(store) == before
    assert "Add --delete" in call(store, "gc", "--keep-runs", "1").stdout
    done = answer(store, "gc", "--keep-runs", "1", "--delete")
    assert done["bytes"] == dry["bytes"]
    assert all(item["is_gone"] for item in done["garbage"])
    assert "Deleted nothing" in call(store, "gc", "--keep-runs", "1", "--delete").stdout


def test_gc_that_has_to_wait_exits_with_1(changed, store):
    lease = store.lease("planning")
    assert call(store, "gc", "--delete").exit_code == 1
    assert call(store, "gc").exit_code == 0
    lease.end()


def test_pin_and_unpin(changed, store):
    assert call(store, "pin", "run-1").stdout == "pinned run-1 of first\n"
    assert answer(store, "gc", "--keep-runs", "1")["garbage"] == []
    assert call(store, "unpin", "run-1").exit_code == 0
    assert answer(store, "gc", "--keep-runs", "1")["garbage"] != []


def test_export(changed, store, tmp_path):
    out = tmp_path / "first.zip"
    assert call(store, "export", "first", "--out", str(out)).stdout == f"{out}\n"
    assert out.exists()


@pytest.mark.usefixtures("quiet_machine")
def test_doctor_tells_of_a_token_without_showing_it(file, store, tmp_path):
    options = ["doctor", "--file", str(tmp_path / "pipelines.yaml")]
    found = {item["name"]: item["level"] for item in answer(store, *options)["findings"]}
    assert found["hub token"] == "ok"
    assert {"python", "device", "memory", "disk", "store", "Prefect"} <= found.keys()
    shown = call(store, *options)
    assert shown.exit_code == 0
    assert "HF_TOKEN" in shown.output
    assert TOKEN not in shown.output + call(store, *options, "--json").output


@pytest.mark.usefixtures("quiet_machine")
def test_doctor_exits_with_1_if_there_is_a_problem(store, tmp_path):
    missing = str(tmp_path / "missing.yaml")
    wrong = call(store, "doctor", "--file", missing, "--json")
    assert wrong.exit_code == 1
    assert json.loads(wrong.stdout)["is_well"] is False


@pytest.mark.usefixtures("quiet_machine")
def test_what_doctor_fixed_is_no_problem(file, store, tmp_path, monkeypatch):
    def left_by_a_kill(processes: object, *, fix: bool) -> Finding:
        return Finding("embedded servers", "problem", "1 left by a kill", is_fixed=fix)

    monkeypatch.setattr(examine, "check_servers", left_by_a_kill)
    options = ["doctor", "--file", str(tmp_path / "pipelines.yaml")]
    assert call(store, *options).exit_code == 1
    assert call(store, *options, "--fix").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "nothing", "like-it"],
        ["pin", "nothing"],
        ["unpin", "run-1"],
        ["gc", "--keep-runs", "0"],
        ["gc", "--keep-runs", "many"],
        ["runs", "--limit", "0"],
        ["export", "nothing"],
        ["explain", "train/nothing", "first"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_message_and_exit_code_2(
    changed, file, store, arguments, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    done = call(store, *arguments)
    assert done.exit_code == 2
    assert done.stdout == "" and done.stderr.strip()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["runs", "verify", "gc", "gc --delete", "verify --repair"])
def test_store_that_is_not_there_is_empty_and_not_made(tmp_path, command):
    done = CliRunner().invoke(app, [*command.split(), "--store", str(tmp_path / "none")])
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "none").exists()
