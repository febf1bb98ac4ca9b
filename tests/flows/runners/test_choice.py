"""What `--runner` takes, and what it says of the rest."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from flows.run.at_work import require_server
from flows.run.run_request import RunRequest
from flows.runners.workforce import RunnerChoice, parse_runner
from tasks import BadInput
from tests.flows.conftest import Workplace


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("threads:1", RunnerChoice("threads", threads=1)),
        ("threads:16", RunnerChoice("threads", threads=16)),
        ("dask", RunnerChoice("dask")),
        ("dask:tcp://10.0.0.5:8786", RunnerChoice("dask", address="tcp://10.0.0.5:8786")),
        ("ray", RunnerChoice("ray")),
        ("ray:ray://head:10001", RunnerChoice("ray", address="ray://head:10001")),
    ],
)
@pytest.mark.usefixtures("all_installed")
def test_each_form_is_read(text: str, expected: RunnerChoice) -> None:
    assert parse_runner(text) == expected


@pytest.mark.parametrize("text", ["", "threads:", "threads:0", "threads:x", "spark", "dask:"])
@pytest.mark.usefixtures("all_installed")
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(BadInput, match="expected threads, threads:N with N from 1 to 999, dask"):
        parse_runner(text)


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_engine_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=rf"pip install 'diffusion-darkroom\[{engine}\]'"):
        parse_runner(engine)


def test_bad_runner_is_refused_before_anything_is_done(workplace: Workplace) -> None:
    done = workplace.small("run", "--runner", "spark")
    assert (done.returncode, workplace.store.exists()) == (2, False)
    assert "--runner spark: expected threads, threads:N" in done.stderr


def test_form_refuses_what_the_command_line_does() -> None:
    field: dict[str, Any] = RunRequest.model_json_schema()["properties"]["runner"]
    assert (field["pattern"], field["default"]) == (
        "^(threads(:[1-9][0-9]{0,2})?|(dask|ray)(:\\S+)?)$",
        "threads",
    )


@pytest.mark.parametrize(
    ("address", "is_elsewhere"),
    [
        (None, False),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://10.0.0.5:8786", True),
        ("head:8786", True),
    ],
)
def test_cluster_is_elsewhere_unless_its_address_is_of_loopback(
    address: str | None, is_elsewhere: bool
) -> None:
    assert RunnerChoice("dask", address=address).is_elsewhere is is_elsewhere


@pytest.mark.parametrize(
    ("server", "address", "problem"),
    [
        (None, None, "--runner dask: its workers need a Prefect server; start one they reach"),
        (
            "http://127.0.0.1:4200/api",
            "tcp://10.0.0.5:8786",
            "workers on other machines cannot reach the Prefect server at http://127.0.0.1:4200",
        ),
        ("http://10.0.0.1:4200/api", "tcp://10.0.0.5:8786", None),
        ("http://127.0.0.1:4200/api", "tcp://127.0.0.1:8786", None),
        ("http://127.0.0.1:4200/api", None, None),
    ],
)
def test_workers_that_could_not_reach_the_server_are_refused(
    server: str | None, address: str | None, problem: str | None
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    choice = RunnerChoice("dask", address=address)
    with temporary_settings({PREFECT_API_URL: server}):
        if problem is None:
            require_server(choice)
        else:
            with pytest.raises(BadInput, match=problem):
                require_server(choice)
