"""What a worker of a cluster checks before it computes, and how it hears of a stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks import StepFailed
from tasks.running import settings as remote_worker
from tasks.running.progress import steps_should_end
from tasks.running.settings import LeaseWatch, RunSettings, StepNode, as_worker, require_same_code
from tasks.store.node import Identity
from tasks.store.store import Store


@pytest.fixture(autouse=True)
def looks_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(remote_worker, "SECONDS_BETWEEN_LOOKS", 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def settings(store: Store) -> RunSettings:
    return RunSettings(
        run_id="run", store=store.address, device="cpu", is_remote=True, host="the run's"
    )


def node(libraries: dict[str, str], code_version: int = 1, kind: str = "data") -> StepNode:
    identity = Identity(kind, code_version, {}, {}, 0, "float32", libraries)
    return {
        "name": "data/x",
        "key": identity.key,
        "identity": identity.to_json(),
        "work": 1.0,
        "force": False,
    }


def test_worker_ends_its_step_when_the_run_stops_or_is_over(store: Store) -> None:
    lease = store.lease("run")
    lease.needs(["a" * 64])
    told = [LeaseWatch(store, "run")()]
    lease.stop_steps(True)
    told.append(LeaseWatch(store, "run")())
    lease.stop_steps(False)
    told.append(LeaseWatch(store, "run")())
    lease.end()
    told.append(LeaseWatch(store, "run")())
    assert told == [False, True, False, True]


def test_step_once_told_to_end_ends_even_if_the_next_may_go_on(store: Store) -> None:
    lease = store.lease("run")
    watch = LeaseWatch(store, "run")
    lease.stop_steps(True)
    watch()
    lease.stop_steps(False)
    assert watch()
    lease.end()


def test_stop_told_after_the_end_leaves_no_lease_behind(store: Store) -> None:
    lease = store.lease("run")
    lease.end()
    lease.stop_steps(True)
    assert store.lease_state("run") == "none"


def test_worker_that_sees_another_store_refuses_and_makes_none(tmp_path: Path) -> None:
    elsewhere = Store(str(tmp_path / "elsewhere"))
    with pytest.raises(StepFailed, match="give every worker the same folder"):
        as_worker(settings(elsewhere), [])
    assert not (tmp_path / "elsewhere").exists()


def test_step_in_the_runs_own_process_is_left_as_it_is(store: Store) -> None:
    own = replace(settings(store), is_remote=False)
    assert as_worker(own, [node({"numpy": "0.1"})]) == (own, steps_should_end)


def test_rows_of_a_worker_name_its_host(store: Store) -> None:
    lease = store.lease("run")
    here, _ = as_worker(settings(store), [node({})])
    lease.end()
    assert here.host != "the run's"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (node({"numpy": "0.1"}), r"numpy \S+ instead of 0\.1"),
        (node({"no-such-library": "1"}), "no-such-library not installed instead of 1"),
        (node({}, code_version=99), "code of data 1 instead of 99"),
        (node({}, kind="unheard"), "code of unheard none instead of 1"),
    ],
)
def test_worker_whose_result_would_be_another_refuses(wrong: StepNode, told: str) -> None:
    with pytest.raises(StepFailed, match=told):
        require_same_code(wrong)


def test_settings_of_another_version_are_told_as_that(store: Store) -> None:
    sent = {**settings(store).to_json(), "unheard": 1}
    with pytest.raises(StepFailed, match="has another version of Darkroom than the run"):
        RunSettings.from_json(sent)
