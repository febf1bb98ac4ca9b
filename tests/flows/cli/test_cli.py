"""The command line: what it answers, how fast, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import REPOSITORY, SMALL, Workplace

ALL_NODES = [
    "data/digits",
    "train/first",
    "denoise/first/epoch-001",
    "train/second",
    "figure/f-first/loss_curve",
    "figure/f-first/denoised",
    "figure/f-second/loss_curve",
    "table/metrics",
]


def test_first_run_makes_everything_and_ends_with_the_report(workplace: Workplace) -> None:
    done = workplace.small("run")
    assert done.returncode == 0, done.stderr
    assert sorted(workplace.computed()) == sorted(ALL_NODES)
    page = done.stdout.splitlines()[-1]
    assert page == str(workplace.store / "report" / "index.html")
    assert Path(page).exists()
    assert set(workplace.statuses().values()) == {"done"}


@pytest.mark.timed
def test_second_run_says_so_at_once_without_prefect(workplace: Workplace) -> None:
    workplace.small("run")
    rows = sorted(workplace.store.glob("manifest/parts/run/*"))
    again = workplace.small("run", "--json", DARKROOM_TELL_PREFECT="1")
    result = json.loads(again.stdout)
    assert again.returncode == 0
    assert result["status"] == "nothing to do"
    assert result["counts"] == {"cached": len(ALL_NODES)}
    assert result["seconds"] < 2
    assert "prefect imported: False" in again.stderr
    assert sorted(workplace.store.glob("manifest/parts/run/*")) == rows
    assert len(workplace.computed()) == len(ALL_NODES)


def test_cached_run_of_another_layout_is_recorded_without_prefect(workplace: Workplace) -> None:
    workplace.small("run")
    renamed = workplace.folder / "renamed.yaml"
    renamed.write_text(SMALL.read_text().replace("title: Small", "title: Smaller"))
    done = workplace.run("run", "small", "--file", str(renamed), DARKROOM_TELL_PREFECT="1")
    assert "prefect imported: False" in done.stderr
    assert workplace.newest_layout()["title"] == "Smaller"
    assert "Smaller" in (workplace.store / "report" / "index.html").read_text()


def test_step_that_refuses_its_input_ends_with_exit_code_2(workplace: Workplace) -> None:
    done = workplace.small("run", DARKROOM_FAKE_REFUSE="data/digits")
    assert done.returncode == 2
    assert "data/digits: asked to refuse" in done.stdout + done.stderr


def test_changed_setting_runs_exactly_what_is_below_it(workplace: Workplace) -> None:
    workplace.small("run")
    before = len(workplace.computed())
    workplace.small("run", "--set", "models.second.batch_size=32")
    assert sorted(workplace.computed()[before:]) == [
        "figure/f-second/loss_curve",
        "table/metrics",
        "train/second",
    ]


def test_failed_step_stops_the_run_and_is_recorded(workplace: Workplace) -> None:
    done = workplace.small("run", DARKROOM_FAKE_FAIL="train/first")
    statuses = workplace.statuses()
    assert done.returncode == 1
    assert "train/first: asked to fail" in done.stderr
    assert "Traceback" not in done.stderr
    assert statuses["train/first"] == "failed"
    assert {statuses[name] for name in ALL_NODES if name.startswith("figure/")} == {"skipped"}
    assert "asked to fail" in (workplace.store / "report" / "small.html").read_text()


def test_keep_going_does_all_that_does_not_need_the_failed_step(workplace: Workplace) -> None:
    done = workplace.small("run", "--keep-going", DARKROOM_FAKE_FAIL="train/first")
    assert done.returncode == 1
    assert workplace.statuses() == {
        "data/digits": "done",
        "train/first": "failed",
        "denoise/first/epoch-001": "skipped",
        "train/second": "done",
        "figure/f-first/loss_curve": "skipped",
        "figure/f-first/denoised": "skipped",
        "figure/f-second/loss_curve": "done",
        "table/metrics": "skipped",
    }


def test_run_after_a_failure_does_only_the_rest(workplace: Workplace) -> None:
    workplace.small("run", DARKROOM_FAKE_FAIL="denoise/first/epoch-001")
    before = len(workplace.computed())
    assert workplace.small("run").returncode == 0
    assert "train/first" not in workplace.computed()[before:]
    assert set(workplace.statuses().values()) == {"done", "cached"}


def test_damaged_input_is_made_again_within_the_run(workplace: Workplace) -> None:
    from tasks.store.store import Store

    workplace.small("run")
    store = Store.open(str(workplace.store))
    (trained,) = [row for row in store.rows().values() if row.name == "train/first"]
    path = Path(store.object_address(trained.objects["digest.txt"]))
    path.write_bytes(b"x" * path.stat().st_size)
    before = len(workplace.computed())
    done = workplace.small("run", "--set", "models.first.measure.sigmas=[0.1]")
    assert done.returncode == 0, done.stderr
    assert "train/first" in workplace.computed()[before:]
    assert "failed" not in workplace.statuses().values()


def test_single_flow_does_its_stage_and_what_that_needs(workplace: Workplace) -> None:
    done = workplace.small("flow train-models")
    assert done.returncode == 0, done.stderr
    assert sorted(workplace.computed()) == ["data/digits", "train/first", "train/second"]


def test_only_runs_the_chosen_nodes_and_their_missing_inputs(workplace: Workplace) -> None:
    workplace.small("run", "--only", "figure/f-second/*")
    assert workplace.computed() == ["data/digits", "train/second", "figure/f-second/loss_curve"]


def test_force_computes_cached_nodes_again(workplace: Workplace) -> None:
    workplace.small("run")
    before = len(workplace.computed())
    workplace.small("run", "--force", "--only", "train/second")
    assert workplace.computed()[before:] == ["train/second"]


def test_plan_changes_nothing(workplace: Workplace) -> None:
    done = workplace.small("plan", "--json", DARKROOM_TELL_PREFECT="1")
    assert [node["name"] for node in json.loads(done.stdout)["nodes"]] == ALL_NODES
    assert "prefect imported: False" in done.stderr
    assert not workplace.store.exists()


@pytest.mark.parametrize("command", [["report"], ["flow", "render-report"]], ids=" ".join)
def test_report_is_built_again_from_the_store(workplace: Workplace, command: list[str]) -> None:
    workplace.small("run")
    page = workplace.folder / "elsewhere" / "index.html"
    done = workplace.run(*command, "--report-folder", str(page.parent))
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    assert page.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "no-such-pipeline"],
        ["run", "--profile", "no-such-profile"],
        ["run", "--set", "models.first.epochs=0"],
        ["run", "--set", "nonsense"],
        ["run", "--only", "no/such/node"],
        ["run", "--device", "abacus"],
        ["run", "--file", "/no/such/file.yaml"],
        ["run", "--no-such-option"],
        ["flow", "no-such-flow"],
        ["plan", "no-such-pipeline"],
        ["report"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_message_and_exit_code_2(
    workplace: Workplace, arguments: list[str]
) -> None:
    if "--file" not in arguments and arguments[0] != "report":
        arguments = [*arguments, "--file", str(SMALL)]
    if arguments[0] == "run" and "no-such-pipeline" not in arguments:
        arguments = [*arguments, "small"]
    done = workplace.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip() and "Traceback" not in done.stderr
    assert workplace.computed() == []


def test_unwritable_store_is_bad_input(workplace: Workplace) -> None:
    blocked = workplace.folder / "file"
    blocked.write_text("not a folder")
    done = workplace.small("run", "--store", str(blocked / "store"))
    assert done.returncode == 2
    assert str(blocked) in done.stderr


def test_importing_the_command_line_imports_no_heavy_library() -> None:
    heavy = ["torch", "prefect", "pandas", "pyarrow", "pydantic", "yaml", "matplotlib"]
    script = f"import sys, flows.cli.__main__; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
