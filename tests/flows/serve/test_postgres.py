"""Prefect on Postgres: `darkroom up`, and two workers with a schedule that fires."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.serve.conftest import Site, Up, wait_for
from tests.flows.serve.postgres import postgres_server

pytestmark = pytest.mark.slow

RUNS = 4
"""Scheduled ones, of two workers that do one at a time."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def select(postgres: str, query: str) -> list[tuple[Any, ...]]:
    import asyncpg

    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(postgres.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_up_serves_on_postgres_and_its_schedules_outlive_it(site: Site, postgres: str) -> None:
    database = site.folder / "prefect" / "prefect.db"
    database.unlink()
    up = Up.start(site, PREFECT_API_DATABASE_CONNECTION_URL=postgres)
    run = up.ended(up.ask())
    assert run.state.name == "Completed", up.log
    assert select(postgres, f"select state_name from flow_run where id = '{run.id}'") == [
        ("Completed",)
    ]
    assert up.stop(signal.SIGTERM) == 0, up.log
    assert not database.exists()
    schedules = dict(select(postgres, "select slug, active from deployment_schedule"))
    assert schedules == {"nightly": False, "hourly": True}


def test_two_workers_do_what_a_schedule_asks_and_no_state_is_lost(
    tmp_path: Path, postgres: str
) -> None:
    from prefect.client.schemas.schedules import IntervalSchedule

    site = Site.at(tmp_path)
    site.environment["PREFECT_API_DATABASE_CONNECTION_URL"] = postgres
    try:
        lab = site.serve()
        made = site.run("prefect", "work-pool", "create", "pair", "--type", "process")
        assert made.returncode == 0, made.stderr
        deployed = site.run("flows.cli", "deploy", "--pool", "pair")
        assert deployed.returncode == 0, deployed.stderr
        before = select(postgres, "select id from flow_run")
        for number in range(2):
            options = ["--pool", "pair", "--type", "process", "--limit", "1"]
            site.start("prefect", "worker", "start", *options, log=f"worker-{number}.log")
        often = IntervalSchedule(interval=timedelta(seconds=3))
        deployment = lab.deployment()
        (schedule,) = lab.client.create_deployment_schedules(deployment.id, [(often, True)])

        def completed() -> int:
            runs = select(postgres, "select id from flow_run where state_type = 'COMPLETED'")
            own = select(postgres, "select id from flow_run where deployment_id is not null")
            return len(set(runs) & set(own) - set(before))

        def have_both_completed_one() -> bool:
            logs = [(tmp_path / f"worker-{number}.log").read_text() for number in range(2)]
            return all("Completed" in log for log in logs)

        wait_for(lambda: completed() >= RUNS and have_both_completed_one(), lab, seconds=400)
        lab.client.delete_deployment_schedule(deployment.id, schedule.id)
        # What has begun ends; what had not is gone with the schedule.
        going = "select state_name from flow_run where state_type in ('PENDING', 'RUNNING')"
        wait_for(lambda: not select(postgres, going), lab, seconds=200)
        ended = select(postgres, "select id, state_type, start_time from flow_run")
        begun = [run for run in ended if run[2] is not None and (run[0],) not in before]
        assert {state for _, state, _ in begun} == {"COMPLETED"}
        lost = """
            select flow_run.name, task_run.name, task_run.state_type from task_run
            join flow_run on flow_run.id = task_run.flow_run_id
            where task_run.state_type is distinct from 'COMPLETED'
        """
        # The server learns of the states of tasks through events, a moment late.
        wait_for(lambda: not select(postgres, lost), "states of tasks are lost")
        # Runs that begin together wait for each other's steps.
        assert len(site.computed()) == len(set(site.computed()))
    finally:
        site.end()
