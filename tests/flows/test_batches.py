"""Which nodes go together, and when."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

import pytest

from flows.plan.plan import PlannedNode
from flows.run.node_queue import NodeOutcome, NodeQueue, Report, ReportBatch, Together, batch_name
from tasks.running import progress as cancellation
from tasks.running.kinds import KINDS
from tasks.store.node import Identity, Node
from tests.flows import fake_kinds

DONE = NodeOutcome("done")


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    cancellation.forget_stop()
    yield
    cancellation.forget_stop()


def planned(
    kind: str, name: str, *inputs: str, model: str = "pocket", is_hit: bool = False
) -> PlannedNode:
    params = {"model": {"address": model}}
    node = Node(name, kind, params, {source: source for source in inputs})
    identity = Identity(kind, 1, params, {}, 0, "float32", {})
    status = "hit" if is_hit else "miss"
    return PlannedNode(node, identity, "0" * 64, status, "" if is_hit else "new", None, None)


class Recorder:
    """Ends in a thread what it starts; starts holds the names of each start."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.starts: list[list[str]] = []
        self._failing = failing

    def submit(self, node: PlannedNode, report: Report) -> None:
        self.starts.append([node.name])
        threading.Thread(target=report, args=(self._outcome(node.name),)).start()

    def submit_batch(self, nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
        names = [node.name for node in nodes]
        self.starts.append(names)
        outcomes = {name: self._outcome(name) for name in names}
        threading.Thread(target=report, args=(outcomes,)).start()

    def _outcome(self, name: str) -> NodeOutcome:
        return NodeOutcome("failed", "broken") if name in self._failing else DONE


def run(
    nodes: Sequence[PlannedNode],
    *,
    failing: Sequence[str] = (),
    keep_going: bool = False,
    workers: int = 2,
) -> tuple[dict[str, NodeOutcome], list[list[str]]]:
    recorder = Recorder(failing)
    outcomes: dict[str, NodeOutcome] = {}
    NodeQueue(
        nodes,
        outcomes,
        recorder.submit,
        workers=workers,
        keep_going=keep_going,
        submit_batch=recorder.submit_batch,
    ).run()
    return outcomes, recorder.starts


def trajectories(count: int, *inputs: str, **options: str) -> list[PlannedNode]:
    return [planned("trajectory", f"trajectory/f/{i}", *inputs, **options) for i in range(count)]


def test_nodes_that_are_ready_together_go_together() -> None:
    _, starts = run(trajectories(3))
    assert starts == [["trajectory/f/0", "trajectory/f/1", "trajectory/f/2"]]


def test_batches_are_bounded_and_about_as_large() -> None:
    _, starts = run(trajectories(9))
    assert [len(names) for names in starts] == [3, 3, 3]


def test_nodes_of_another_model_go_apart() -> None:
    other = planned("trajectory", "trajectory/g/other", model="deepfloyd")
    _, starts = run([*trajectories(2), other])
    assert sorted(starts) == [["trajectory/f/0", "trajectory/f/1"], ["trajectory/g/other"]]


def test_cached_nodes_go_alone_as_tasks_of_their_own() -> None:
    cached = planned("trajectory", "trajectory/g/cached", is_hit=True)
    _, starts = run([*trajectories(2), cached])
    assert ["trajectory/g/cached"] in starts


def test_kinds_without_a_batch_function_go_alone() -> None:
    _, starts = run([planned("prompt", f"prompt/{i}") for i in range(3)])
    assert [len(names) for names in starts] == [1, 1, 1]


def test_batch_waits_for_those_still_to_come() -> None:
    prompts = [planned("prompt", f"prompt/{i}") for i in range(3)]
    nodes = [planned("trajectory", f"trajectory/f/{i}", f"prompt/{i}") for i in range(3)]
    _, starts = run([*prompts, *nodes])
    assert starts[-1] == [node.name for node in nodes]


def test_full_batch_does_not_wait_for_more() -> None:
    slow = planned("noised", "noised/slow")
    late = planned("trajectory", "trajectory/f/late", "noised/slow")
    started = threading.Event()
    recorder = Recorder()

    def submit(node: PlannedNode, report: Report) -> None:
        """Ends once the batch has started."""

        def work() -> None:
            assert started.wait(10)
            report(DONE)

        threading.Thread(target=work).start()

    def submit_batch(nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
        started.set()
        recorder.submit_batch(nodes, report)

    outcomes: dict[str, NodeOutcome] = {}
    nodes = [*trajectories(4), slow, late]
    NodeQueue(nodes, outcomes, submit, workers=2, keep_going=False, submit_batch=submit_batch).run()
    assert [len(names) for names in recorder.starts] == [4, 1]


def test_networks_take_turns_only_once() -> None:
    prompt = planned("prompt", "prompt/0")
    nodes = [planned("trajectory", f"trajectory/f/{i}", "prompt/0") for i in range(9)]
    enlarged = planned("upscale", "upscale/f/0", "trajectory/f/0")
    judged = planned("choice", "choice/f/0", "trajectory/f/8")
    once = planned("one_step", "one_step/f/0", "prompt/0")
    _, starts = run([prompt, *nodes, enlarged, judged, once])
    kinds = [names[0].split("/")[0] for names in starts]
    assert kinds == [
        *("prompt", "one_step"),
        *("trajectory", "trajectory", "trajectory"),
        *("choice", "upscale"),
    ]


def test_no_batch_waits_for_the_device_while_another_holds_it() -> None:
    ready = [*trajectories(2), planned("upscale", "upscale/f/0")]
    recorder = Recorder()
    at_once: list[int] = []
    running: set[str] = set()

    def submit_batch(nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
        running.update(node.name for node in nodes)
        at_once.append(len(running))

        def done(outcomes: Mapping[str, NodeOutcome]) -> None:
            running.difference_update(outcomes)
            report(outcomes)

        recorder.submit_batch(nodes, done)

    NodeQueue(
        ready, {}, recorder.submit, workers=2, keep_going=False, submit_batch=submit_batch
    ).run()
    assert at_once == [2, 1]


def test_batch_goes_when_nothing_else_can_bring_more() -> None:
    first = trajectories(2)
    below = planned("trajectory", "trajectory/g/below", "trajectory/f/0")
    _, starts = run([*first, below])
    assert starts == [["trajectory/f/0", "trajectory/f/1"], ["trajectory/g/below"]]


def test_failed_node_of_a_batch_skips_only_what_is_below_it() -> None:
    nodes = trajectories(3)
    figures = [planned("figure", f"figure/{i}", f"trajectory/f/{i}") for i in range(3)]
    outcomes, _ = run([*nodes, *figures], failing=["trajectory/f/1"], keep_going=True)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "trajectory/f/0": "done",
        "trajectory/f/1": "failed",
        "trajectory/f/2": "done",
        "figure/0": "done",
        "figure/1": "skipped",
        "figure/2": "done",
    }


def test_failure_keeps_what_its_batch_has_done_and_stops_the_rest() -> None:
    figure = planned("figure", "figure/0", "trajectory/f/0")
    outcomes, _ = run([*trajectories(2), figure], failing=["trajectory/f/1"])
    assert outcomes["trajectory/f/0"] == DONE
    assert outcomes["figure/0"].error == "the run stopped when trajectory/f/1 failed"


def test_node_below_a_failure_is_skipped_and_its_batch_goes_on() -> None:
    prompts = [planned("prompt", f"prompt/{i}") for i in range(2)]
    nodes = [planned("trajectory", f"trajectory/f/{i}", f"prompt/{i}") for i in range(2)]
    outcomes, starts = run([*prompts, *nodes], failing=["prompt/0"], keep_going=True)
    assert outcomes["trajectory/f/0"].error == "needs prompt/0, which failed"
    assert starts[-1] == ["trajectory/f/1"]


def test_without_batches_every_node_goes_alone() -> None:
    recorder = Recorder()
    NodeQueue(trajectories(3), {}, recorder.submit, workers=2, keep_going=False).run()
    assert [len(names) for names in recorder.starts] == [1, 1, 1]


def test_stop_request_starts_no_batch() -> None:
    cancellation.request_stop()
    outcomes, starts = run(trajectories(3))
    assert starts == []
    assert {outcome.status for outcome in outcomes.values()} == {"skipped"}


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
