"""The automation of docs/automation.json, at a real server."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from tests.flows.conftest import REPOSITORY
from tests.flows.serve.conftest import Site, Up, wait_for

pytestmark = pytest.mark.slow

EXAMPLE = REPOSITORY / "docs" / "automation.json"


def create(site: Site, file: Path) -> None:
    made = site.run("prefect", "automation", "create", "--from-file", str(file))
    assert made.returncode == 0, made.stdout + made.stderr


def announce_running(up: Up, run: UUID) -> None:
    """As the run itself did when it began."""
    from prefect.states import Running

    up.client.set_flow_run_state(run, Running(), force=True)


def test_automation_is_taken_and_cancels_a_run_that_lasts_too_long(site: Site) -> None:
    up = Up.start(site, DARKROOM_FAKE_SECONDS="600")
    site.environment["PREFECT_API_URL"] = f"{up.url}/api"
    create(site, EXAMPLE)
    run = up.ask()
    wait_for(site.computed, up)
    # The least that Prefect takes; twelve hours are too long here.
    shorter = json.loads(EXAMPLE.read_text())
    shorter["name"] += ", or sooner"
    shorter["trigger"]["within"] = 10
    file = site.folder / "sooner.json"
    file.write_text(json.dumps(shorter))
    create(site, file)
    assert {found.name for found in up.client.read_automations()} == {
        json.loads(EXAMPLE.read_text())["name"],
        shorter["name"],
    }
    # Counted from here: a run may take longer than that to begin its first step.
    announce_running(up, run)
    assert up.ended(run).state.name == "Cancelled", up.log
    assert [path.read_text() for path in site.folder.glob("store/work/*/partial")] == ["half"]
