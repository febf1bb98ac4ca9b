"""Nodes alone and by one call: asked for in the store, computed once, recorded whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import StepCancelled, StepFailed
from tasks.running import progress
from tasks.running.device import hold_accelerator
from tasks.running.kinds import KINDS
from tasks.running.progress import BUS, Event
from tasks.running.run_step import run_batch, run_step
from tasks.running.settings import StepNode
from tasks.running.work import InputMissing
from tasks.store.row import Row, has_other_inputs
from tasks.store.store import Store
from tests.flows import chain, fake_kinds
from tests.flows.conftest import REPOSITORY

Way = Callable[..., list[str]]
"""Does nodes; the status or error of each."""


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("DARKROOM_FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("DARKROOM_FAKE_BATCHES", str(tmp_path / "batches"))
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    progress.forget_stop()
    yield
    progress.forget_stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def computed(tmp_path: Path) -> list[str]:
    return lines(tmp_path / "log")


def trajectories(count: int, *, force: bool = False) -> list[StepNode]:
    return [
        chain.step_node(f"trajectory/f/{place}", kind="trajectory", seed=place, force=force)
        for place in range(count)
    ]


def row_of(store: Store, node: StepNode) -> Row:
    row = store.find(node["key"])
    assert row is not None
    return row


def alone(
    store: Store, nodes: Sequence[StepNode], run_id: str = "run", **more: object
) -> list[str]:
    settings = chain.settings(store, run_id)
    return [run_step(node, store, settings, **more)["status"] for node in nodes]


def together(
    store: Store, nodes: Sequence[StepNode], run_id: str = "run", **more: object
) -> list[str]:
    ends = run_batch("batch", nodes, store, chain.settings(store, run_id), **more)
    return [str(end) if isinstance(end, Exception) else end["status"] for end in ends]


both_ways = pytest.mark.parametrize("do", [alone, together])


def stop_once_it_computes(event: Event) -> None:
    """A subscriber."""
    if event.what == "progress":
        progress.request_stop()


@both_ways
def test_only_what_is_missing_is_computed(store: Store, tmp_path: Path, do: Way) -> None:
    nodes = trajectories(4)
    do(store, nodes[1:3])
    assert do(store, nodes) == ["done", "cached", "cached", "done"]
    assert sorted(computed(tmp_path)) == sorted(node["name"] for node in nodes)


@both_ways
def test_hits_take_no_lock(store: Store, do: Way) -> None:
    nodes = trajectories(2)
    do(store, nodes)
    with store.lock(nodes[0]["key"]):
        assert do(store, nodes) == ["cached", "cached"]


@both_ways
def test_wait_for_another_run_is_told_and_can_be_stopped(store: Store, do: Way) -> None:
    nodes = trajectories(1)
    events: list[Event] = []
    with (
        BUS.subscribed(events.append),
        store.lock(nodes[0]["key"]),
        pytest.raises(StepCancelled, match="another run"),
    ):
        do(store, nodes, should_stop=lambda: bool(events))
    assert [event.what for event in events] == ["waiting"]


@both_ways
def test_force_computes_once_more_but_only_once_a_run(
    store: Store, tmp_path: Path, do: Way
) -> None:
    do(store, trajectories(2), "first")
    forced = trajectories(2, force=True)
    assert do(store, forced, "second") == ["done", "done"]
    assert do(store, forced, "second") == ["cached", "cached"]
    assert len(computed(tmp_path)) == 4


@both_ways
def test_stop_records_nothing_and_keeps_the_workspace(
    store: Store, monkeypatch: pytest.MonkeyPatch, do: Way
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "5")
    nodes = trajectories(2)
    with BUS.subscribed(stop_once_it_computes), pytest.raises(StepCancelled):
        do(store, nodes)
    assert [store.find(node["key"]) for node in nodes] == [None, None]
    assert (store.workspace(nodes[0]["key"]) / "partial").read_text() == "half"


@both_ways
def test_workspace_goes_on_success(store: Store, do: Way) -> None:
    nodes = trajectories(2)
    do(store, nodes)
    assert not any(any(store.workspace(node["key"]).iterdir()) for node in nodes)


def test_each_node_of_a_batch_is_recorded_as_if_it_were_alone(tmp_path: Path) -> None:
    stores = [Store.open(str(tmp_path / name)) for name in ("together", "alone")]
    nodes = trajectories(3)
    assert together(stores[0], nodes) == alone(stores[1], nodes) == ["done"] * 3
    for node in nodes:
        made, expected = (row_of(store, node) for store in stores)
        assert made.objects == expected.objects
        assert (made.name, made.identity, made.work) == (node["name"], node["identity"], 1.0)
    assert lines(tmp_path / "batches")[0] == " ".join(node["name"] for node in nodes)


def test_row_records_how_the_artifact_was_made(store: Store) -> None:
    node = chain.step_node("train/a", kind="train", seed=3)
    reference = run_step(node, store, chain.settings(store, "run-7"))
    row = row_of(store, node)
    assert reference["artifact"] == node["key"]
    assert (row.name, row.kind, row.seed, row.run_id) == ("train/a", "train", 3, "run-7")
    assert row.identity == node["identity"]
    assert row.seconds == reference["seconds"] >= 0
    assert set(row.objects) == {"digest.txt", "image.png"}
    assert row.metrics["ended"] >= row.metrics["began"]


def test_row_records_what_its_inputs_held(store: Store) -> None:
    above = chain.step_node("data/digits")
    below = chain.step_node("train/a", kind="train", inputs={"before": above["key"]})
    for node in (above, below):
        alone(store, [node])
    rows = store.rows()
    assert not has_other_inputs(rows[below["key"]], rows)
    changed = replace(rows[above["key"]], objects={"x.txt": store.put_object(b"other", "txt")})
    assert has_other_inputs(rows[below["key"]], {**rows, above["key"]: changed})


def test_missing_input_is_named(store: Store) -> None:
    node = chain.step_node("data/reader", inputs={"before": "0" * 64})
    with pytest.raises(InputMissing, match="input before"):
        alone(store, [node])


def test_truncated_object_is_computed_again(store: Store, tmp_path: Path) -> None:
    node = chain.step_node("data/digits")
    alone(store, [node])
    digest = row_of(store, node).objects["digest.txt"]
    Path(store.object_address(digest)).write_bytes(b"short")
    assert alone(store, [node]) == ["done"]
    assert len(computed(tmp_path)) == 2


def test_failed_step_records_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", "data/bad")
    node = chain.step_node("data/bad")
    with pytest.raises(StepFailed, match="asked to fail"):
        alone(store, [node])
    assert store.find(node["key"]) is None


def test_failed_node_leaves_the_others_recorded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = trajectories(3)
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", nodes[1]["name"])
    assert together(store, nodes) == ["done", f"{nodes[1]['name']}: asked to fail", "done"]
    assert [store.find(node["key"]) is not None for node in nodes] == [True, False, True]


def test_two_nodes_of_one_key_are_computed_once(store: Store, tmp_path: Path) -> None:
    (node,) = trajectories(1)
    twin: StepNode = {**node, "name": "trajectory/g/twin"}
    assert together(store, [node, twin]) == ["done", "cached"]
    assert computed(tmp_path) == [node["name"]]


def test_node_whose_input_is_gone_fails_alone(store: Store) -> None:
    nodes = trajectories(2)
    orphan = chain.step_node("trajectory/f/o", kind="trajectory", inputs={"image": "0" * 64})
    ends = run_batch("batch", [*nodes, orphan], store, chain.settings(store))
    assert isinstance(ends[2], InputMissing)
    assert [store.find(node["key"]) is not None for node in nodes] == [True, True]


def test_error_of_the_call_is_that_of_every_node(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = trajectories(2)
    monkeypatch.setenv("DARKROOM_FAKE_BREAK", nodes[1]["name"])
    assert together(store, nodes) == [f"{nodes[1]['name']} broke the batch"] * 2


def test_result_that_cannot_be_recorded_fails_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = trajectories(2)
    real = Store.record

    def full(self: Store, row: object) -> None:
        if getattr(row, "name", None) == nodes[0]["name"]:
            raise StepFailed("no space left")
        real(self, row)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "record", full)
    assert together(store, nodes) == ["no space left", "done"]


def test_time_is_shared_by_the_rows_each_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.1")
    nodes = trajectories(3)
    began = time.perf_counter()
    together(store, nodes)
    taken = time.perf_counter() - began
    seconds = [row_of(store, node).seconds for node in nodes]
    assert 0.3 <= sum(seconds) <= taken
    assert seconds == pytest.approx([seconds[0], 2 * seconds[0], 3 * seconds[0]])


def test_events_tell_the_course_of_a_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.05")
    events: list[Event] = []
    nodes = [chain.step_node("data/digits")]
    with BUS.subscribed(events.append):
        alone(store, nodes)
        alone(store, nodes)
    assert [e.what for e in events if e.what != "progress"] == ["started", "finished", "cached"]
    shares = [e.done / e.total for e in events if e.what == "progress"]
    assert shares == sorted(shares) and shares[-1] <= 1
    assert not any(event.members or event.batch for event in events)


def test_batch_goes_on_as_one_and_its_nodes_end_by_themselves(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.03")
    nodes = trajectories(2)
    events: list[Event] = []
    with BUS.subscribed(events.append):
        together(store, nodes)
    names = tuple(node["name"] for node in nodes)
    told = [(event.name, event.what) for event in events if event.what != "progress"]
    assert told == [
        ("batch", "started"),
        *((name, "finished") for name in names),
        ("batch", "finished"),
    ]
    assert all(event.members == names for event in events if event.name == "batch")
    assert all(event.batch == "batch" for event in events if event.name != "batch")
    shares = [event.done / event.total for event in events if event.what == "progress"]
    assert shares and max(shares) <= 1


def test_broken_subscriber_costs_no_step(store: Store) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("display is gone")

    with BUS.subscribed(broken):
        assert alone(store, [chain.step_node("data/digits")]) == ["done"]


def test_device_is_held_once_for_the_whole_batch(store: Store) -> None:
    nodes = trajectories(2)
    events: list[Event] = []
    has_begun = threading.Event()

    def note(event: Event) -> None:
        events.append(event)
        has_begun.set()

    thread = threading.Thread(target=together, args=(store, nodes))
    with (
        BUS.subscribed(note),
        hold_accelerator("cpu", "other", should_stop=lambda: False, on_wait=lambda message: None),
    ):
        thread.start()
        assert has_begun.wait(300)
        assert store.find(nodes[0]["key"]) is None
    thread.join()
    assert (events[0].name, events[0].what) == ("batch", "waiting")
    assert store.find(nodes[1]["key"]) is not None


def run_at_once(work: Sequence[Callable[[], object]]) -> None:
    """In a thread each."""
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


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
        run_at_once([lambda node=node: alone(store, [node]) for node in nodes])
    metrics = [row_of(store, node).metrics for node in nodes]
    first, second = sorted((m["began"], m["ended"]) for m in metrics)
    assert first[0] < first[1] <= second[0]
    assert len(waits) == 1 and "held by" in waits[0]


def test_two_threads_compute_a_node_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.2")
    node = chain.step_node("train/a", kind="train")
    statuses: list[str] = []
    run_at_once([lambda: statuses.extend(alone(store, [node]))] * 2)
    assert sorted(statuses) == ["cached", "done"]
    assert computed(tmp_path) == ["train/a"]


@pytest.mark.parametrize("seed", range(3))
def test_overlapping_batches_in_threads_compute_each_node_once(
    store: Store, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.01")
    randomness = random.Random(seed)
    nodes = trajectories(8)
    statuses: list[str] = []
    chosen = [randomness.sample(nodes, 5) for _ in range(4)]
    run_at_once([lambda some=some: statuses.extend(together(store, some)) for some in chosen])
    assert set(statuses) <= {"done", "cached"}
    assert len(computed(tmp_path)) == len(set(computed(tmp_path)))


BATCHES = """
import os, sys
from tests.flows import fake_kinds
from tests.running.test_run_step import together, trajectories
from tasks.store.store import Store
fake_kinds.install()
print(os.getpid(), flush=True)
nodes = trajectories(int(sys.argv[2]))[::int(sys.argv[3])]
store = Store.open(sys.argv[1])
for begin in range(0, len(nodes), 4):
    together(store, nodes[begin:begin + 4])
"""


def start(*command: str) -> subprocess.Popen[str]:
    """Python, once it has begun with what it says first."""
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_two_processes_compute_each_node_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.1")
    command = ("-m", "tests.flows.chain", str(tmp_path / "store"), "4")
    processes = [start(*command) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert sorted(computed(tmp_path)) == [node["name"] for node in chain.chain(4)]


def test_two_processes_with_batches_that_overlap_compute_each_node_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.03")
    command = ("-c", BATCHES, str(tmp_path / "store"), "10")
    processes = [start(*command, order) for order in ("1", "-1")]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert sorted(computed(tmp_path)) == sorted(node["name"] for node in trajectories(10))


def test_kill_loses_at_most_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.02")
    folder = tmp_path / "store"
    process = start("-c", BATCHES, str(folder), "12", "1")
    while len(lines(tmp_path / "batches")) < 3:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    recorded = {row.name for row in Store.open(str(folder)).rows().values()}
    assert {node["name"] for node in trajectories(12)[:8]} <= recorded


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
        process = start("-m", "tests.flows.chain", str(killed), str(length))
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
