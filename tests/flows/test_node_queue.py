"""Which node goes next, without a plan, a store or Prefect."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.plan.plan import PlannedNode
from flows.run.node_queue import NodeOutcome, NodeQueue, Report
from tasks.running import progress as cancellation
from tasks.store.node import Identity, Node

DONE = NodeOutcome("done")


@pytest.fixture(autouse=True)
def no_stop() -> Iterator[None]:
    cancellation.forget_stop()
    yield
    cancellation.forget_stop()


def planned(graph: dict[str, list[str]]) -> list[PlannedNode]:
    """graph: name to the names it reads, inputs first."""
    identity = Identity("data", 1, {}, {}, 0, "float32", {})
    return [
        PlannedNode(
            Node(name, "data", {}, {source: source for source in inputs}),
            identity,
            "0" * 64,
            "miss",
            "never made",
            None,
            None,
        )
        for name, inputs in graph.items()
    ]


class Recorder:
    """Submits to threads; notes the order and how many ran at once."""

    def __init__(self, workers: int, failing: tuple[str, ...] = ()) -> None:
        self.order: list[str] = []
        self.most_at_once = 0
        self._failing = failing
        self._running = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(workers + 2)

    def submit(self, node: PlannedNode, report: Report) -> None:
        with self._lock:
            self.order.append(node.name)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self._threads.submit(self._work, node.name, report)

    def _work(self, name: str, report: Report) -> None:
        with self._lock:
            self._running -= 1
        report(NodeOutcome("failed", "broken") if name in self._failing else DONE)


def run(
    graph: dict[str, list[str]],
    *,
    workers: int = 2,
    failing: tuple[str, ...] = (),
    keep_going: bool = False,
) -> tuple[dict[str, NodeOutcome], Recorder]:
    recorder = Recorder(workers, failing)
    outcomes: dict[str, NodeOutcome] = {}
    NodeQueue(
        planned(graph), outcomes, recorder.submit, workers=workers, keep_going=keep_going
    ).run()
    return outcomes, recorder


def random_graph(seed: int, size: int) -> dict[str, list[str]]:
    randomness = random.Random(seed)
    names = [f"n{position}" for position in range(size)]
    return {
        name: randomness.sample(names[:position], k=min(position, randomness.randint(0, 3)))
        for position, name in enumerate(names)
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_node_runs_once_after_its_inputs(seed: int) -> None:
    graph = random_graph(seed, 200)
    outcomes, recorder = run(graph, workers=4)
    position = {name: place for place, name in enumerate(recorder.order)}
    assert sorted(recorder.order) == sorted(graph)
    assert all(position[i] < position[name] for name, inputs in graph.items() for i in inputs)
    assert set(outcomes.values()) == {DONE}


def test_no_more_run_at_once_than_there_are_workers() -> None:
    _, recorder = run({f"n{position}": [] for position in range(50)}, workers=3)
    assert 1 <= recorder.most_at_once <= 3


def test_failure_skips_all_below_it_and_what_has_not_begun() -> None:
    outcomes, recorder = run({"a": [], "b": ["a"], "c": ["b"], "d": []}, workers=1, failing=("a",))
    assert recorder.order == ["a"]
    assert outcomes["b"].error == "needs a, which failed"
    assert outcomes["c"].error == "needs b, which was skipped"
    assert outcomes["d"].error == "the run stopped when a failed"


def test_keep_going_skips_only_what_is_below_the_failure() -> None:
    graph = {"a": [], "b": ["a"], "c": ["b"], "d": [], "e": ["d"], "f": ["c", "e"]}
    outcomes, _ = run(graph, failing=("a",), keep_going=True)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "done",
        "e": "done",
        "f": "skipped",
    }


def test_steps_beside_a_failed_one_are_asked_to_stop_and_later_ones_are_not() -> None:
    asked = threading.Event()

    def submit(node: PlannedNode, report: Report) -> None:
        def work() -> None:
            if node.name == "bad":
                report(NodeOutcome("failed", "broken"))
                return
            while not cancellation.steps_should_end():
                pass
            asked.set()
            report(NodeOutcome("skipped", "stopped"))

        threading.Thread(target=work).start()

    outcomes: dict[str, NodeOutcome] = {}
    nodes = planned({"long": [], "bad": []})
    NodeQueue(nodes, outcomes, submit, workers=2, keep_going=False).run()
    assert asked.is_set()
    assert outcomes["long"].status == "skipped"
    assert not cancellation.steps_should_end()


def test_stop_request_lets_nothing_more_begin() -> None:
    cancellation.request_stop()
    outcomes, recorder = run({"a": [], "b": ["a"]})
    assert recorder.order == []
    assert {outcome.status for outcome in outcomes.values()} == {"skipped"}


def test_input_that_ended_earlier_counts() -> None:
    recorder = Recorder(1)
    outcomes = {"a": NodeOutcome("failed", "earlier")}
    nodes = planned({"a": [], "b": ["a"]})[1:]
    NodeQueue(nodes, outcomes, recorder.submit, workers=1, keep_going=True).run()
    assert outcomes["b"] == NodeOutcome("skipped", "needs a, which failed")
