"""Which node goes next, alone or with its like, without a plan, a store or Prefect."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.plan.plan import PlannedNode
from flows.run.node_queue import NodeOutcome, NodeQueue, Report, Submit, Together, batch_name
from tasks.running import progress
from tasks.running.kinds import KINDS
from tasks.store.node import Identity, Node
from tests.flows import fake_kinds

DONE = NodeOutcome("done")


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    progress.forget_stop()
    yield
    progress.forget_stop()


def planned(
    kind: str, name: str, *inputs: str, model: str = "pocket", is_hit: bool = False
) -> PlannedNode:
    params = {"model": {"address": model}}
    node = Node(name, kind, params, {source: source for source in inputs})
    identity = Identity(kind, 1, params, {}, 0, "float32", {})
    status = "hit" if is_hit else "miss"
    return PlannedNode(node, identity, "0" * 64, status, "" if is_hit else "new", None, None)


def graph(inputs: dict[str, list[str]]) -> list[PlannedNode]:
    """Name to the names it reads, inputs first; of a kind that goes alone."""
    return [planned("data", name, *names) for name, names in inputs.items()]


class Recorder:
    """Ends in threads what it starts. starts: the names of each start, in order."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.starts: list[list[str]] = []
        self.most_at_once = 0
        self._failing = failing
        self._running = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(6)

    def submit(self, nodes: Sequence[PlannedNode], report: Report) -> None:
        with self._lock:
            self.starts.append([node.name for node in nodes])
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self._threads.submit(self._work, nodes, report)

    def _work(self, nodes: Sequence[PlannedNode], report: Report) -> None:
        with self._lock:
            self._running -= 1
        broken = NodeOutcome("failed", "broken")
        report({node.name: broken if node.name in self._failing else DONE for node in nodes})


def run_with(submit: Submit, nodes: Sequence[PlannedNode]) -> dict[str, NodeOutcome]:
    outcomes: dict[str, NodeOutcome] = {}
    NodeQueue(nodes, outcomes, submit, workers=2, keep_going=False).run()
    return outcomes


def run(
    nodes: Sequence[PlannedNode],
    *,
    workers: int = 2,
    failing: Sequence[str] = (),
    keep_going: bool = False,
    outcomes: dict[str, NodeOutcome] | None = None,
) -> tuple[dict[str, NodeOutcome], Recorder]:
    recorder = Recorder(failing)
    found = {} if outcomes is None else outcomes
    NodeQueue(nodes, found, recorder.submit, workers=workers, keep_going=keep_going).run()
    return found, recorder


def statuses(outcomes: dict[str, NodeOutcome]) -> dict[str, str]:
    return {name: outcome.status for name, outcome in outcomes.items()}


def random_graph(seed: int, size: int) -> dict[str, list[str]]:
    randomness = random.Random(seed)
    names = [f"n{position}" for position in range(size)]
    return {
        name: randomness.sample(names[:position], k=min(position, randomness.randint(0, 3)))
        for position, name in enumerate(names)
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_node_runs_once_after_its_inputs(seed: int) -> None:
    inputs = random_graph(seed, 200)
    outcomes, recorder = run(graph(inputs), workers=4)
    order = [name for (name,) in recorder.starts]
    position = {name: place for place, name in enumerate(order)}
    assert sorted(order) == sorted(inputs)
    assert all(position[i] < position[name] for name, read in inputs.items() for i in read)
    assert set(outcomes.values()) == {DONE}


def test_no_more_run_at_once_than_there_are_workers() -> None:
    _, recorder = run(graph({f"n{position}": [] for position in range(50)}), workers=3)
    assert 1 <= recorder.most_at_once <= 3


def test_failure_skips_all_below_it_and_what_has_not_begun() -> None:
    nodes = graph({"a": [], "b": ["a"], "c": ["b"], "d": []})
    outcomes, recorder = run(nodes, workers=1, failing=["a"])
    assert recorder.starts == [["a"]]
    assert {name: outcome.error for name, outcome in outcomes.items()} == {
        "a": "broken",
        "b": "needs a, which failed",
        "c": "needs b, which was skipped",
        "d": "the run stopped when a failed",
    }


def test_keep_going_skips_only_what_is_below_the_failure() -> None:
    nodes = graph({"a": [], "b": ["a"], "c": ["b"], "d": [], "e": ["d"], "f": ["c", "e"]})
    outcomes, _ = run(nodes, failing=["a"], keep_going=True)
    done = dict.fromkeys("de", "done")
    assert statuses(outcomes) == {"a": "failed", **done} | dict.fromkeys("bcf", "skipped")


def test_steps_beside_a_failed_one_are_asked_to_stop_and_later_ones_are_not() -> None:
    asked = threading.Event()

    def submit(nodes: Sequence[PlannedNode], report: Report) -> None:
        def work() -> None:
            if nodes[0].name == "bad":
                report({"bad": NodeOutcome("failed", "broken")})
                return
            while not progress.steps_should_end():
                pass
            asked.set()
            report({"long": NodeOutcome("skipped", "stopped")})

        threading.Thread(target=work).start()

    outcomes = run_with(submit, graph({"long": [], "bad": []}))
    assert asked.is_set()
    assert outcomes["long"].status == "skipped"
    assert not progress.steps_should_end()


def test_input_that_ended_earlier_counts() -> None:
    earlier = {"a": NodeOutcome("failed", "earlier")}
    outcomes, _ = run(graph({"a": [], "b": ["a"]})[1:], keep_going=True, outcomes=earlier)
    assert outcomes["b"] == NodeOutcome("skipped", "needs a, which failed")


def trajectories(count: int, *inputs: str, **options: str) -> list[PlannedNode]:
    return [planned("trajectory", f"trajectory/f/{i}", *inputs, **options) for i in range(count)]


def started(nodes: Sequence[PlannedNode]) -> list[list[str]]:
    return run(nodes)[1].starts


def test_nodes_that_are_ready_together_go_together() -> None:
    starts = started(trajectories(3))
    assert starts == [["trajectory/f/0", "trajectory/f/1", "trajectory/f/2"]]


def test_what_a_figure_of_little_work_needs_goes_first() -> None:
    many = trajectories(5)
    few = [planned("trajectory", f"trajectory/g/{i}") for i in range(3)]
    large = planned("figure", "figure/f", *(node.name for node in many))
    small = planned("figure", "figure/g", *(node.name for node in few))
    starts = started([*many, *few, large, small])
    assert starts[0] == ["trajectory/g/0", "trajectory/g/1", "trajectory/g/2", "trajectory/f/0"]


def test_figure_is_drawn_as_soon_as_it_can_be() -> None:
    nodes = [*graph({"a": [], "b": [], "c": []}), planned("figure", "figure/f", "a")]
    starts = run(nodes, workers=1)[1].starts
    assert starts == [["a"], ["figure/f"], ["b"], ["c"]]


def test_figure_that_would_only_wait_for_another_leaves_its_place_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = dataclasses.replace(KINDS["figure"], one_at_a_time=True)
    monkeypatch.setitem(KINDS, "figure", kind)
    beside = threading.Event()
    recorder = Recorder()

    def submit(nodes: Sequence[PlannedNode], report: Report) -> None:
        recorder.starts.append([nodes[0].name])

        def work() -> None:
            if nodes[0].name == "figure/f":
                assert beside.wait(10)
            if nodes[0].name == "a":
                beside.set()
            report({nodes[0].name: DONE})

        threading.Thread(target=work).start()

    run_with(
        submit, [planned("figure", "figure/f"), planned("figure", "figure/g"), *graph({"a": []})]
    )
    assert recorder.starts == [["figure/f"], ["a"], ["figure/g"]]


def test_batches_are_bounded_and_about_as_large() -> None:
    starts = started(trajectories(9))
    assert [len(names) for names in starts] == [3, 3, 3]


def test_nodes_of_another_model_go_apart() -> None:
    other = planned("trajectory", "trajectory/g/other", model="deepfloyd")
    starts = started([*trajectories(2), other])
    assert sorted(starts) == [["trajectory/f/0", "trajectory/f/1"], ["trajectory/g/other"]]


def test_cached_nodes_go_alone_as_tasks_of_their_own() -> None:
    cached = planned("trajectory", "trajectory/g/cached", is_hit=True)
    starts = started([*trajectories(2), cached])
    assert ["trajectory/g/cached"] in starts


def test_kinds_without_a_batch_function_go_alone() -> None:
    starts = started([planned("prompt", f"prompt/{i}") for i in range(3)])
    assert [len(names) for names in starts] == [1, 1, 1]


def test_batch_waits_for_those_still_to_come() -> None:
    prompts = [planned("prompt", f"prompt/{i}") for i in range(3)]
    nodes = [planned("trajectory", f"trajectory/f/{i}", f"prompt/{i}") for i in range(3)]
    starts = started([*prompts, *nodes])
    assert starts[-1] == [node.name for node in nodes]


def test_full_batch_does_not_wait_for_more() -> None:
    slow = planned("noised", "noised/slow")
    late = planned("trajectory", "trajectory/f/late", "noised/slow")
    has_started = threading.Event()
    recorder = Recorder()

    def submit(nodes: Sequence[PlannedNode], report: Report) -> None:
        """What goes alone ends once the batch has started."""
        if nodes[0] is not slow:
            has_started.set()
            recorder.submit(nodes, report)
            return

        def work() -> None:
            assert has_started.wait(10)
            report({slow.name: DONE})

        threading.Thread(target=work).start()

    run_with(submit, [*trajectories(4), slow, late])
    assert [len(names) for names in recorder.starts] == [4, 1]


def test_networks_take_turns_only_once() -> None:
    prompt = planned("prompt", "prompt/0")
    nodes = [planned("trajectory", f"trajectory/f/{i}", "prompt/0") for i in range(9)]
    enlarged = planned("upscale", "upscale/f/0", "trajectory/f/0")
    judged = planned("choice", "choice/f/0", "trajectory/f/8")
    once = planned("one_step", "one_step/f/0", "prompt/0")
    starts = started([prompt, *nodes, enlarged, judged, once])
    kinds = [names[0].split("/")[0] for names in starts]
    assert kinds == [
        *("prompt", "one_step"),
        *("trajectory", "trajectory", "trajectory"),
        *("choice", "upscale"),
    ]


def test_no_batch_waits_for_the_device_while_another_holds_it() -> None:
    has_second_started = threading.Event()
    started_beside: list[bool] = []

    def submit(nodes: Sequence[PlannedNode], report: Report) -> None:
        if nodes[0].node.kind == "upscale":
            has_second_started.set()

        def work() -> None:
            if nodes[0].node.kind == "trajectory":
                started_beside.append(has_second_started.wait(0.3))
            report({node.name: DONE for node in nodes})

        threading.Thread(target=work).start()

    run_with(submit, [*trajectories(2), planned("upscale", "upscale/f/0")])
    assert (started_beside, has_second_started.is_set()) == ([False], True)


def test_batch_goes_when_nothing_else_can_bring_more() -> None:
    first = trajectories(2)
    below = planned("trajectory", "trajectory/g/below", "trajectory/f/0")
    starts = started([*first, below])
    assert starts == [["trajectory/f/0", "trajectory/f/1"], ["trajectory/g/below"]]


def test_failed_node_of_a_batch_skips_only_what_is_below_it() -> None:
    nodes = trajectories(3)
    figures = [planned("figure", f"figure/{i}", f"trajectory/f/{i}") for i in range(3)]
    outcomes, _ = run([*nodes, *figures], failing=["trajectory/f/1"], keep_going=True)
    ends = [outcomes[node.name].status for node in [*nodes, *figures]]
    assert ends == ["done", "failed", "done", "done", "skipped", "done"]


def test_failure_keeps_what_its_batch_has_done_and_stops_the_rest() -> None:
    figure = planned("figure", "figure/0", "trajectory/f/0")
    outcomes, _ = run([*trajectories(2), figure], failing=["trajectory/f/1"])
    assert outcomes["trajectory/f/0"] == DONE
    assert outcomes["figure/0"].error == "the run stopped when trajectory/f/1 failed"


def test_node_below_a_failure_is_skipped_and_its_batch_goes_on() -> None:
    prompts = [planned("prompt", f"prompt/{i}") for i in range(2)]
    nodes = [planned("trajectory", f"trajectory/f/{i}", f"prompt/{i}") for i in range(2)]
    outcomes, recorder = run([*prompts, *nodes], failing=["prompt/0"], keep_going=True)
    assert outcomes["trajectory/f/0"].error == "needs prompt/0, which failed"
    assert recorder.starts[-1] == ["trajectory/f/1"]


@pytest.mark.parametrize("nodes", [graph({"a": [], "b": ["a"]}), trajectories(3)])
def test_stop_request_lets_nothing_begin(nodes: list[PlannedNode]) -> None:
    progress.request_stop()
    outcomes, recorder = run(nodes)
    assert recorder.starts == []
    assert set(statuses(outcomes).values()) == {"skipped"}


def test_name_of_a_batch_counts_its_nodes_and_names_their_figures() -> None:
    names = ["w1-steps/a", "w1-steps/b", "w2-cfg/a", "w3-cfg/a", "w5-cfg/a"]
    nodes = [planned("trajectory", f"trajectory/{name}") for name in names]
    assert batch_name(nodes) == "5 x trajectory: w1-steps, w2-cfg, w3-cfg and 1 more"
    assert batch_name(nodes[:1]) == "trajectory/w1-steps/a"
    prompts = [planned("prompt", f"prompt/{name}") for name in ("empty", "a-dog")]
    assert batch_name(prompts) == "2 x prompt"


@pytest.mark.parametrize(("ready", "size"), [(1, 1), (64, 64), (65, 33), (130, 44)])
def test_batches_share_what_is_ready(ready: int, size: int) -> None:
    assert Together("trajectory", "m", 64).size_for(ready) == size
