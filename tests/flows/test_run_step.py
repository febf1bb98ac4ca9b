"""One step: asked for in the store, computed once, recorded whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import StepCancelled, StepFailed
from tasks.running import progress as cancellation
from tasks.running.kinds import KINDS
from tasks.running.progress import BUS, Event
from tasks.running.run_step import run_step
from tasks.running.settings import StepNode
from tasks.running.work import InputMissing
from tasks.store.input_objects import has_other_inputs
from tasks.store.store import Store
from tests.flows import chain, fake_kinds


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("DARKROOM_FAKE_LOG", str(tmp_path / "log"))
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    cancellation.forget_stop()
    yield
    cancellation.forget_stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def computed(tmp_path: Path) -> list[str]:
    log = tmp_path / "log"
    return log.read_text().split() if log.exists() else []


def test_hit_returns_cached_without_computing(store: Store, tmp_path: Path) -> None:
    node = chain.step_node("data/digits")
    first = run_step(node, store, chain.settings(store))
    second = run_step(node, store, chain.settings(store))
    assert (first["status"], second["status"]) == ("done", "cached")
    assert second["key"] == first["key"] == node["key"]
    assert computed(tmp_path) == ["data/digits"]


def test_hit_takes_no_lock(store: Store) -> None:
    node = chain.step_node("data/digits")
    run_step(node, store, chain.settings(store))
    with store.lock(node["key"]):
        assert run_step(node, store, chain.settings(store))["status"] == "cached"


def test_wait_for_another_run_is_told_and_can_be_stopped(store: Store) -> None:
    node = chain.step_node("data/digits")
    events: list[Event] = []
    with (
        BUS.subscribed(events.append),
        store.lock(node["key"]),
        pytest.raises(StepCancelled, match="another run"),
    ):
        run_step(node, store, chain.settings(store), should_stop=lambda: bool(events))
    assert [event.what for event in events] == ["waiting"]


def test_row_records_what_its_inputs_held(store: Store) -> None:
    above = chain.step_node("data/digits")
    run_step(above, store, chain.settings(store))
    below = chain.step_node("train/a", kind="train", inputs={"before": above["key"]})
    run_step(below, store, chain.settings(store))
    rows = store.rows()
    assert not has_other_inputs(rows[below["key"]], rows)
    changed = replace(rows[above["key"]], objects={"x.txt": store.put_object(b"other", "txt")})
    assert has_other_inputs(rows[below["key"]], {**rows, above["key"]: changed})


def test_force_computes_once_more_but_only_once_a_run(store: Store, tmp_path: Path) -> None:
    run_step(chain.step_node("data/digits"), store, chain.settings(store, "first"))
    forced = chain.step_node("data/digits", force=True)
    statuses = [run_step(forced, store, chain.settings(store, "second"))["status"] for _ in "ab"]
    assert statuses == ["done", "cached"]
    assert len(computed(tmp_path)) == 2


def test_row_records_how_the_artifact_was_made(store: Store) -> None:
    node = chain.step_node("train/a", kind="train", seed=3)
    reference = run_step(node, store, chain.settings(store, "run-7"))
    row = store.find(node["key"])
    assert row is not None
    assert (row.name, row.kind, row.seed, row.run_id) == ("train/a", "train", 3, "run-7")
    assert row.identity == node["identity"]
    assert row.seconds == reference["seconds"] >= 0
    assert set(row.objects) == {"digest.txt", "image.png"}
    assert row.metrics["ended"] >= row.metrics["began"]


def test_workspace_goes_on_success_and_stays_on_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = chain.step_node("data/good"), chain.step_node("data/stopped")
    run_step(good, store, chain.settings(store))
    assert not list(store.workspace(good["key"]).iterdir())
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "5")

    def stop_once_it_computes(event: Event) -> None:
        if event.what == "progress":
            cancellation.request_stop()

    with BUS.subscribed(stop_once_it_computes), pytest.raises(StepCancelled):
        run_step(bad, store, chain.settings(store))
    assert (store.workspace(bad["key"]) / "partial").read_text() == "half"


def test_failed_step_records_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", "data/bad")
    node = chain.step_node("data/bad")
    with pytest.raises(StepFailed, match="asked to fail"):
        run_step(node, store, chain.settings(store))
    assert store.find(node["key"]) is None


def test_missing_input_is_named(store: Store) -> None:
    node = chain.step_node("data/reader", inputs={"before": "0" * 64})
    with pytest.raises(InputMissing, match="input before"):
        run_step(node, store, chain.settings(store))


def test_truncated_object_is_computed_again(store: Store, tmp_path: Path) -> None:
    node = chain.step_node("data/digits")
    run_step(node, store, chain.settings(store))
    row = store.find(node["key"])
    assert row is not None
    Path(store.object_address(row.objects["digest.txt"])).write_bytes(b"short")
    assert run_step(node, store, chain.settings(store))["status"] == "done"
    assert len(computed(tmp_path)) == 2


def test_events_tell_the_course_of_a_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.05")
    events: list[Event] = []
    node = chain.step_node("data/digits")
    with BUS.subscribed(events.append):
        run_step(node, store, chain.settings(store))
        run_step(node, store, chain.settings(store))
    assert [e.what for e in events if e.what != "progress"] == ["started", "finished", "cached"]
    shares = [e.done / e.total for e in events if e.what == "progress"]
    assert shares == sorted(shares) and shares[-1] <= 1


def test_broken_subscriber_costs_no_step(store: Store) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("display is gone")

    with BUS.subscribed(broken):
        reference = run_step(chain.step_node("data/digits"), store, chain.settings(store))
    assert reference["status"] == "done"


def test_two_threads_compute_a_node_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.2")
    node = chain.step_node("train/a", kind="train")
    statuses: list[str] = []

    def run() -> None:
        statuses.append(run_step(node, store, chain.settings(store))["status"])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["cached", "done"]
    assert computed(tmp_path) == ["train/a"]


def spans_of(store: Store, nodes: list[StepNode]) -> list[tuple[float, float]]:
    """When each node's computation began and ended, as the fake step recorded it."""
    rows = [store.find(node["key"]) for node in nodes]
    return [(row.metrics["began"], row.metrics["ended"]) for row in rows if row is not None]


def test_device_is_held_by_one_step_at_a_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "one-waits"
    monkeypatch.setenv("DARKROOM_FAKE_GATE", str(gate))
    waits: list[str] = []

    def note_wait(event: Event) -> None:
        if event.what == "waiting":
            waits.append(event.message)
            gate.touch()

    nodes = [chain.step_node(f"train/{name}", kind="train") for name in "ab"]
    with BUS.subscribed(note_wait):
        threads = [
            threading.Thread(target=run_step, args=(node, store, chain.settings(store)))
            for node in nodes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (first_began, first_ended), (second_began, _) = sorted(spans_of(store, nodes))
    assert first_began < first_ended <= second_began
    assert len(waits) == 1 and "held by" in waits[0]


def start_chain(store_folder: Path, length: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.chain", str(store_folder), str(length)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_two_processes_compute_each_node_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.1")
    processes = [start_chain(tmp_path / "store", 4) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert sorted(computed(tmp_path)) == [node["name"] for node in chain.chain(4)]


def manifest_of(store: Store) -> dict[str, dict[str, str]]:
    return {
        row.name: {name: ref.sha256 for name, ref in row.objects.items()}
        for row in store.rows().values()
    }


def test_run_killed_at_any_point_completes_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = 12
    undisturbed = Store.open(str(tmp_path / "undisturbed"))
    chain.run_chain(undisturbed, length)
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.01")
    randomness = random.Random(20)
    folder = tmp_path / "killed"
    kills = 0
    for attempt in range(24):
        # A few stores in turn, so that kills hit early steps as well as late ones.
        killed = folder / str(attempt % 6)
        process = start_chain(killed, length)
        time.sleep(randomness.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        survivor = Store.open(str(killed))
        for row in survivor.rows().values():
            assert survivor.missing_object(row) is None
            for reference in row.objects.values():
                survivor.read_object(reference)
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0")
    for killed in folder.iterdir():
        chain.run_chain(Store.open(str(killed)), length)
        assert manifest_of(Store.open(str(killed))) == manifest_of(undisturbed)
    assert kills >= 20
