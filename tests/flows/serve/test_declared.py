"""From a declaration to deployments, their versions and their forms."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.run.run_request import RunRequest
from flows.serve.declared import DeclaredDeployment, declared_deployments, form_of, parameters_of
from tasks import BadInput
from tests.flows.small_declaration import REPOSITORY, SMALL, real_file, write

BASE = RunRequest(store="results")
SCHEDULE = {
    "pipeline": "first",
    "profile": "tiny",
    "interval_seconds": 3600,
    "overrides": ["models.flow.epochs=3"],
}


def deployments(folder: Path, **schedules: Any) -> dict[str, DeclaredDeployment]:
    from flows.declaration.read_declaration import read_declaration

    file = read_declaration(write(folder, {**copy.deepcopy(SMALL), "schedules": schedules}))
    return {found.pipeline: found for found in declared_deployments(file, BASE)}


def test_each_pipeline_is_a_deployment_with_its_own_schedules(tmp_path: Path) -> None:
    found = deployments(tmp_path, hourly=SCHEDULE)
    assert {name: list(item.schedules) for name, item in found.items()} == {
        "first": ["hourly"],
        "all": [],
    }


def test_scheduled_run_is_asked_for_with_its_profile_and_overrides(tmp_path: Path) -> None:
    request = deployments(tmp_path, hourly=SCHEDULE)["first"].schedules["hourly"].request
    assert parameters_of(request) == {
        "request": {
            "pipeline": "first",
            "profile": "tiny",
            "overrides": ["models.flow.epochs=3"],
            "store": "results",
        }
    }


@pytest.mark.parametrize(
    ("change", "is_other"),
    [({}, False), ({"active": False}, True), ({"interval_seconds": 60}, True)],
)
def test_version_tells_whether_a_schedule_is_declared_otherwise(
    tmp_path: Path, change: dict[str, Any], is_other: bool
) -> None:
    before = deployments(tmp_path, hourly=SCHEDULE)["first"].version
    after = deployments(tmp_path, hourly={**SCHEDULE, **change})["first"].version
    assert (after != before) is is_other


def test_override_that_does_not_fit_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    wrong = {**SCHEDULE, "overrides": ["models.flaw.epochs=3"]}
    with pytest.raises(BadInput, match=r"schedules\.hourly\.overrides: .*nearest: flow"):
        deployments(tmp_path, hourly=wrong)


def test_unknown_pipeline_is_refused() -> None:
    with pytest.raises(BadInput, match="no pipeline 'seed10'"):
        declared_deployments(real_file(), BASE, ["seed10"])


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    schema = {
        "properties": {"request": {"$ref": "#/definitions/RunRequest"}},
        "definitions": {"RunRequest": RunRequest.model_json_schema()},
    }
    made = form_of(schema, "first", {"plain": "As declared", "tiny": "Tiny"}, "plain")
    fields: dict[str, Any] = made["definitions"]["RunRequest"]["properties"]
    return fields


def test_form_offers_the_pipeline_and_the_profiles(form: dict[str, Any]) -> None:
    assert form["pipeline"]["enum"] == ["first"]
    assert (form["profile"]["enum"], form["profile"]["default"]) == (["plain", "tiny"], "plain")


def test_form_describes_every_field_and_asks_for_one_type_each(form: dict[str, Any]) -> None:
    assert all(field.get("description") and "type" in field for field in form.values())


def test_form_does_not_ask_for_what_a_run_finds_out_itself(form: dict[str, Any]) -> None:
    assert "run_id" not in form


def test_prefect_yaml_declares_what_pipelines_yaml_does() -> None:
    """`prefect deploy --all` and `darkroom deploy` register the same."""
    told = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
    expected = {
        item.pipeline: (
            parameters_of(item.request),
            {name: _shown(declared) for name, declared in item.schedules.items()},
        )
        for item in declared_deployments(real_file(), RunRequest())
    }
    assert {
        item["name"]: (
            item["parameters"],
            {
                s["slug"]: {k: v for k, v in s.items() if k != "slug"}
                for s in item.get("schedules", [])
            },
        )
        for item in told
    } == expected


def _shown(declared: Any) -> dict[str, Any]:
    schedule = declared.schedule
    return {
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "active": schedule.active,
        "parameters": parameters_of(declared.request),
    }
