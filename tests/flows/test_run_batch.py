"""Several nodes by one call: each recorded by itself, computed once, and failing alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import StepCancelled, StepFailed
from tasks.running import progress as cancellation
from tasks.running.kinds import KINDS
from tasks.running.progress import BUS, Event
from tasks.running.run_step import run_batch, run_step
from tasks.running.settings import StepNode
from tasks.running.work import InputMissing
from tasks.store.store import Store
from tests.flows import chain, fake_kinds


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("DARKROOM_FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("DARKROOM_FAKE_BATCHES", str(tmp_path / "batches"))
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    cancellation.forget_stop()
    yield
    cancellation.forget_stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def computed(tmp_path: Path) -> list[str]:
    return lines(tmp_path / "log")


def trajectories(count: int, **options: object) -> list[StepNode]:
    return [
        chain.step_node(f"trajectory/f/{place}", kind="trajectory", seed=place, **options)
        for place in range(count)
    ]


def run(store: Store, nodes: list[StepNode], run_id: str = "run") -> list[str]:
    """Status or error of each."""
    ends = run_batch("batch", nodes, store, chain.settings(store, run_id))
    return [str(end) if isinstance(end, Exception) else end["status"] for end in ends]


def test_each_node_of_a_batch_is_recorded_as_if_it_were_alone(tmp_path: Path) -> None:
    together, alone = (Store.open(str(tmp_path / name)) for name in ("together", "alone"))
    nodes = trajectories(3)
    assert run(together, nodes) == ["done"] * 3
    for node in nodes:
        run_step(node, alone, chain.settings(alone))
        made, expected = together.find(node["key"]), alone.find(node["key"])
        assert made is not None and expected is not None
        assert made.objects == expected.objects
        assert (made.name, made.identity, made.work) == (node["name"], node["identity"], 1.0)
    assert lines(tmp_path / "batches")[0] == " ".join(node["name"] for node in nodes)


def test_only_what_is_missing_is_computed(store: Store, tmp_path: Path) -> None:
    nodes = trajectories(4)
    run(store, nodes[1:3])
    assert run(store, nodes) == ["done", "cached", "cached", "done"]
    assert sorted(computed(tmp_path)) == sorted(node["name"] for node in nodes)


def test_hits_take_no_lock(store: Store) -> None:
    nodes = trajectories(2)
    run(store, nodes)
    with store.lock(nodes[0]["key"]):
        assert run(store, nodes) == ["cached", "cached"]


def test_two_nodes_of_one_key_are_computed_once(store: Store, tmp_path: Path) -> None:
    (node,) = trajectories(1)
    twin: StepNode = {**node, "name": "trajectory/g/twin"}
    assert run(store, [node, twin]) == ["done", "cached"]
    assert computed(tmp_path) == [node["name"]]


def test_failed_node_leaves_the_others_recorded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = trajectories(3)
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", nodes[1]["name"])
    assert run(store, nodes) == ["done", f"{nodes[1]['name']}: asked to fail", "done"]
    assert store.find(nodes[1]["key"]) is None
    assert store.find(nodes[2]["key"]) is not None


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
    assert run(store, nodes) == [f"{nodes[1]['name']} broke the batch"] * 2


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
    assert run(store, nodes) == ["no space left", "done"]


def test_force_computes_once_more_but_only_once_a_run(store: Store, tmp_path: Path) -> None:
    run(store, trajectories(2), "first")
    forced = trajectories(2, force=True)
    assert run(store, forced, "second") == ["done", "done"]
    assert run(store, forced, "second") == ["cached", "cached"]
    assert len(computed(tmp_path)) == 4


def test_time_is_shared_by_the_rows_each_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.1")
    nodes = trajectories(3)
    began = time.perf_counter()
    run(store, nodes)
    taken = time.perf_counter() - began
    rows = [store.find(node["key"]) for node in nodes]
    seconds = [row.seconds for row in rows if row is not None]
    assert 0.3 <= sum(seconds) <= taken
    assert seconds[1] == pytest.approx(2 * seconds[0])
    assert seconds[2] == pytest.approx(3 * seconds[0])


def test_batch_goes_on_as_one_and_its_nodes_end_by_themselves(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.03")
    nodes = trajectories(2)
    events: list[Event] = []
    with BUS.subscribed(events.append):
        run(store, nodes)
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


def test_device_is_held_once_for_the_whole_batch(store: Store) -> None:
    from tasks.running.device import hold_accelerator

    nodes = trajectories(2)
    events: list[Event] = []
    has_begun = threading.Event()

    def note(event: Event) -> None:
        events.append(event)
        has_begun.set()

    thread = threading.Thread(target=run, args=(store, nodes))
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


def test_stop_ends_the_batch_and_records_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "5")
    nodes = trajectories(2)

    def stop_once_it_computes(event: Event) -> None:
        if event.what == "progress":
            cancellation.request_stop()

    with BUS.subscribed(stop_once_it_computes), pytest.raises(StepCancelled):
        run(store, nodes)
    assert [store.find(node["key"]) for node in nodes] == [None, None]


def test_wait_for_another_run_can_be_stopped(store: Store) -> None:
    nodes = trajectories(2)
    events: list[Event] = []
    with (
        BUS.subscribed(events.append),
        store.lock(nodes[1]["key"]),
        pytest.raises(StepCancelled, match="another run"),
    ):
        run_batch("batch", nodes, store, chain.settings(store), lambda: bool(events))


@pytest.mark.parametrize("seed", range(3))
def test_overlapping_batches_in_threads_compute_each_node_once(
    store: Store, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.01")
    randomness = random.Random(seed)
    nodes = trajectories(8)
    ends: list[list[str]] = []

    def work(chosen: list[StepNode]) -> None:
        ends.append(run(store, chosen))

    threads = [threading.Thread(target=work, args=(randomness.sample(nodes, 5),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert {status for statuses in ends for status in statuses} <= {"done", "cached"}
    assert len(computed(tmp_path)) == len(set(computed(tmp_path)))


BATCH_PROCESS = """
import os, sys
from tests.flows import chain, fake_kinds, test_run_batch
from tasks.store.store import Store
fake_kinds.install()
print(os.getpid(), flush=True)
nodes = test_run_batch.trajectories(int(sys.argv[2]))
if len(sys.argv) > 3:
    nodes.reverse()
store = Store.open(sys.argv[1])
for start in range(0, len(nodes), 4):
    test_run_batch.run(store, nodes[start:start + 4])
"""


def start_process(folder: Path, count: int, *more: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BATCH_PROCESS, str(folder), str(count), *more],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_two_processes_compute_each_node_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.03")
    # The other way round, so that their batches overlap in part.
    processes = [start_process(tmp_path / "store", 10, *more) for more in ([], ["reversed"])]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert sorted(computed(tmp_path)) == sorted(node["name"] for node in trajectories(10))


def test_kill_loses_at_most_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_SECONDS", "0.02")
    folder, count = tmp_path / "store", 12
    process = start_process(folder, count)
    while len(lines(tmp_path / "batches")) < 3:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    survivor = Store.open(str(folder))
    recorded = {row.name for row in survivor.rows().values()}
    assert {node["name"] for node in trajectories(count)[:8]} <= recorded
    assert run(survivor, trajectories(count)).count("cached") == len(recorded)
