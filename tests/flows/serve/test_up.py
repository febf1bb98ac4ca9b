"""`darkroom up`: three addresses, runs on demand and on schedule, and a clean end."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.flows.conftest import REPOSITORY, SMALL_NODES
from tests.flows.serve.conftest import Site, Up, free_ports, wait_for

pytestmark = pytest.mark.slow


def test_three_addresses_answer_and_are_printed(served: Up) -> None:
    answers = {
        served.url: httpx.get(served.url, follow_redirects=True).headers["content-type"],
        f"{served.url}/api": httpx.get(f"{served.url}/api/health").text,
        served.report: httpx.get(served.report).headers["content-type"],
    }
    assert list(answers.values()) == [
        "text/html; charset=utf-8",
        "true",
        "text/html; charset=utf-8",
    ]
    assert all(f" {address}\n" in served.log for address in answers)


def artifacts_of(up: Up, run: Any) -> dict[str, Any]:
    """Key to data of those that the run itself has made."""
    sent = {"artifacts": {"flow_run_id": {"any_": [str(run.id)]}}}
    found = httpx.post(f"{up.url}/api/artifacts/filter", json=sent).json()
    return {artifact["key"]: artifact["data"] for artifact in found}


def test_run_asked_for_completes_and_its_report_is_served(served: Up) -> None:
    run = served.ended(served.ask())
    assert (run.name, run.state.name) == ("small", "Completed"), served.log
    assert httpx.get(f"{served.report}/small.html").status_code == 200
    summary = artifacts_of(served, run)["summary-small"]
    thumbnails = re.findall(r"!\[(\w+)\]\((\S+)\)", summary)
    assert [title for title, _ in thumbnails] == ["First", "Second"]
    kinds = [httpx.get(address).headers["content-type"] for _, address in thumbnails]
    assert kinds == ["image/png", "image/png"]


def test_run_goes_by_the_id_of_its_flow_run_and_links_its_report(served: Up) -> None:
    run = served.ended(served.ask(only=["data/digits"]))
    artifacts = artifacts_of(served, run)
    assert f"run {run.id}." in artifacts["summary-small"]
    assert f"({served.report}/small.html)" in artifacts["report-small"]


def test_cached_steps_are_shown_without_edges_between_what_shares_nothing(served: Up) -> None:
    served.ended(served.ask())
    run = served.ended(served.ask(overrides=["models.second.batch_size=32"]))
    sent = {"flow_runs": {"parent_flow_run_id": {"any_": [str(run.id)]}}}

    def tasks() -> dict[str, Any]:
        found = httpx.post(f"{served.url}/api/task_runs/filter", json=sent).json()
        return {task["name"]: task for task in found}

    changed = {"train/second", "table/metrics", "figure/f-second/loss_curve"}
    states = dict.fromkeys(SMALL_NODES - {"data/digits"}, "Cached")
    states |= dict.fromkeys(changed, "Completed")
    # The server learns of the states of tasks through events, a moment late.
    wait_for(lambda: {name: t["state_name"] for name, t in tasks().items()} == states, served)
    shown = {name: task["task_inputs"]["node"] for name, task in tasks().items()}
    assert shown == {name: [] for name in states}


def test_choice_that_is_not_on_the_form_is_refused(served: Up) -> None:
    from prefect.exceptions import PrefectHTTPStatusError

    with pytest.raises(PrefectHTTPStatusError, match="'huge' is not one of"):
        served.ask(profile="huge")


def test_schedules_stand_as_they_are_declared(served: Up) -> None:
    schedules = {s.slug: s for s in served.deployment().schedules}
    assert {slug: s.active for slug, s in schedules.items()} == {"nightly": False, "hourly": True}
    assert schedules["nightly"].schedule.timezone == "Europe/Berlin"
    assert schedules["hourly"].schedule.interval == timedelta(hours=1)


def test_schedule_fires(served: Up) -> None:
    from prefect.client.schemas.schedules import IntervalSchedule

    often = IntervalSchedule(interval=timedelta(seconds=10))
    deployment = served.deployment()
    (made,) = served.client.create_deployment_schedules(deployment.id, [(often, True)])

    def completed() -> list[Any]:
        runs = served.client.read_flow_runs(limit=200)
        return [r for r in runs if r.auto_scheduled and r.state and r.state.is_completed()]

    wait_for(completed, served)
    served.client.delete_deployment_schedule(deployment.id, made.id)


def test_second_up_on_one_database_is_refused(served: Up) -> None:
    done = served.site.run("flows.cli", "up", *free_ports())
    assert done.returncode == 2
    assert "another `darkroom up` serves" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_cancels_the_run_keeps_its_work_and_ends_every_process(
    site: Site, number: signal.Signals
) -> None:
    up = Up.start(site, DARKROOM_FAKE_SECONDS="60")
    run = up.ask()
    wait_for(site.computed, up)
    code = up.stop(number)
    assert (code, site.processes()) == (0, []), up.log
    assert "Traceback" not in without_ignored_signals(up.log)
    assert [path.read_text() for path in site.folder.glob("store/work/*/partial")] == ["half"]
    assert state_in_database(site, run) == "Cancelled"


def test_signal_within_an_exec_ends_the_block_and_not_the_process() -> None:
    told = """if True:
        import os, signal
        from flows.serve.up import stops_on_signals
        with stops_on_signals():
            exec("os.kill(os.getpid(), signal.SIGTERM); [0 for _ in range(9)]")
            print("went on")
        print("cleaned up")
    """
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=REPOSITORY, capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "cleaned up\n", "")


def test_signals_while_it_starts_and_while_it_cleans_up_end_it_without_an_error(
    site: Site,
) -> None:
    process = site.start("flows.cli", "up", *free_ports(), log="up.log")
    up = Up(site, process, 0, 0)
    wait_for(lambda: len(site.processes()) == 2, up)
    while len(site.processes()) == 2:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    assert (process.wait(300), up.log) == (0, "Starting Prefect's server\n")
    assert site.processes() == []


def without_ignored_signals(log: str) -> str:
    """The log less what Python itself prints when Prefect's signal handler, which raises, happens
    to run inside a weak reference's callback: an exception there can only be ignored."""
    return re.sub(r"Exception ignored in:.*?TerminationSignal[^\n]*\n", "", log, flags=re.DOTALL)


def state_in_database(site: Site, run: Any) -> str:
    with sqlite3.connect(site.folder / "prefect" / "prefect.db") as database:
        row = database.execute(
            "select state_name from flow_run where replace(id, '-', '') = ?", (run.hex,)
        ).fetchone()
    return str(row[0])


@pytest.fixture(scope="module")
def restarts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """What is seen of one database while three servers follow each other on it.

    A schedule is switched on, the first is killed, and all planned runs come due; the second is
    stopped, and the schedules are declared otherwise; the third starts.
    """
    site = Site.at(tmp_path_factory.mktemp("restarts"))
    seen = SimpleNamespace()
    try:
        up = Up.start(site)
        deployment = up.deployment()
        (nightly,) = [s for s in deployment.schedules if s.slug == "nightly"]
        up.client.update_deployment_schedule(deployment.id, nightly.id, active=True)
        wait_for(lambda: len(scheduled(up)) >= 3, up)
        missed = scheduled(up)
        up.process.kill()
        up.process.wait()
        wait_for(lambda: not site.processes(), up, seconds=120)
        make_overdue(site)
        up = Up.start(site)
        seen.after_kill = active(up)
        present = [run.id for run in up.client.read_flow_runs(limit=200) if run.id in missed]
        seen.made_up_for = [up.ended(run).state.name for run in present]
        assert up.stop() == 0, up.log
        declare(site.folder / "pipelines.yaml", "Europe/Berlin", "Europe/Paris")
        seen.declared_otherwise = active(Up.start(site))
        yield seen
    finally:
        site.end()


def test_killed_up_leaves_no_server_behind_and_another_takes_its_place(
    restarts: SimpleNamespace,
) -> None:
    assert restarts.after_kill.keys() == {"nightly", "hourly"}


def test_schedule_switched_on_stays_on_until_it_is_declared_otherwise(
    restarts: SimpleNamespace,
) -> None:
    assert restarts.after_kill == {"nightly": True, "hourly": True}
    assert restarts.declared_otherwise == {"nightly": False, "hourly": True}


def test_of_runs_that_were_missed_only_the_latest_is_made_up_for(
    restarts: SimpleNamespace,
) -> None:
    assert restarts.made_up_for == ["Completed"]


def scheduled(up: Up) -> list[Any]:
    return [run.id for run in up.client.read_flow_runs(limit=200) if run.auto_scheduled]


def make_overdue(site: Site) -> None:
    """As if all planned runs had come due, an hour ago, while nothing served them."""
    with sqlite3.connect(site.folder / "prefect" / "prefect.db") as database:
        database.execute(
            "update flow_run set next_scheduled_start_time = "
            "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-1 hour') where state_type = 'SCHEDULED'"
        )
        database.execute(
            "update flow_run_state set state_details = json_set(state_details, "
            "'$.scheduled_time', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour')) "
            "where type = 'SCHEDULED'"
        )


def active(up: Up) -> dict[str, bool]:
    return {str(s.slug): s.active for s in up.deployment().schedules}


def declare(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))
