"""Which node goes next: a node is submitted once the nodes it reads are there.

Knows nothing of Prefect: `submit` starts a node somewhere and reports its end from any thread;
`submit_batch` does so for several that cost less together. Linear in nodes and edges, so a plan of
many thousands is no burden.
"""

from __future__ import annotations

import functools
import queue
from collections.abc import Callable, Mapping, MutableMapping, Sequence

from flows.plan.plan import PlannedNode
from flows.run.node_outcome import NodeOutcome
from flows.run.ready_nodes import ReadyNodes
from tasks.running.cancellation import allow_steps, halt_steps, request_stop, stop_requested
from tasks.running.kinds import KINDS

Report = Callable[[NodeOutcome], None]
Submit = Callable[[PlannedNode, Report], None]
ReportBatch = Callable[[Mapping[str, NodeOutcome]], None]
SubmitBatch = Callable[[Sequence[PlannedNode], ReportBatch], None]

POLL_SECONDS = 0.2


class NodeQueue:
    """Runs `nodes` (in topological order), at most `workers` at a time.

    devices: how many of them can compute on a device at once; a batch waits for a free one.
    outcomes: node name to outcome; read for inputs that ended earlier, filled as nodes end.
    submit_batch: starts several nodes at once and reports all their ends at once; a batch counts as
    one of the workers. None: every node goes alone.
    keep_going: after a failure go on with what does not depend on it; otherwise the steps that run
    are asked to stop (they keep their checkpoints) and the rest is skipped.
    """

    def __init__(
        self,
        nodes: Sequence[PlannedNode],
        outcomes: MutableMapping[str, NodeOutcome],
        submit: Submit,
        *,
        workers: int,
        keep_going: bool,
        devices: int = 1,
        submit_batch: SubmitBatch | None = None,
        on_skip: Callable[[PlannedNode, str], None] = lambda node, reason: None,
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._outcomes = outcomes
        self._submit = submit
        self._submit_batch = submit_batch
        self._workers = workers
        self._devices = devices
        self._keep_going = keep_going
        self._on_skip = on_skip
        self._ended: queue.SimpleQueue[Mapping[str, NodeOutcome]] = queue.SimpleQueue()
        self._running: dict[str, int] = {}
        """Node name to the number of its batch."""
        self._started = 0
        self._readers: dict[str, list[str]] = {name: [] for name in self._nodes}
        self._unread: dict[str, int] = {}
        for name, node in self._nodes.items():
            awaited = {i for i in node.node.inputs.values() if i in self._nodes}
            self._unread[name] = len(awaited)
            for source in awaited:
                self._readers[source].append(name)
        self._ready = ReadyNodes(nodes, joins=submit_batch is not None)
        for name, count in self._unread.items():
            if count == 0:
                self._ready.add(name)
        self._first_failure: str | None = None

    def run(self) -> None:
        """Returns when every node has an outcome. The stop flag, if the user set it, stays set."""
        try:
            while self._ready or self._running:
                self._start_ready()
                if self._running:
                    self._wait_for_some()
        except BaseException:
            # Interrupted: the steps that run keep their checkpoints before the error goes on.
            request_stop()
            while self._running:
                self._wait_for_some()
            self._skip_rest("the run was interrupted")
            raise

    def _start_ready(self) -> None:
        while len(set(self._running.values())) < self._workers:
            names = self._ready.take(is_idle=not self._running, free_devices=self._free_devices())
            if not names:
                return
            nodes = []
            for name in names:
                if reason := self._reason_to_skip(self._nodes[name]):
                    self._on_skip(self._nodes[name], reason)
                    self._end(name, NodeOutcome("skipped", reason))
                else:
                    nodes.append(self._nodes[name])
            if nodes:
                self._start(nodes)

    def _free_devices(self) -> int:
        """Those on which nothing that runs computes, or waits to."""
        holders = {
            batch
            for name, batch in self._running.items()
            if KINDS[self._nodes[name].node.kind].uses_accelerator
        }
        return max(0, self._devices - len(holders))

    def _start(self, nodes: Sequence[PlannedNode]) -> None:
        self._started += 1
        # Before it is submitted: it may end at once, in this very thread.
        self._running |= {node.name: self._started for node in nodes}
        if len(nodes) > 1 or self._ready.is_joined(nodes[0].name):
            assert self._submit_batch is not None
            self._submit_batch(nodes, self._ended.put)
        else:
            self._submit(nodes[0], functools.partial(self._report, nodes[0].name))

    def _report(self, name: str, outcome: NodeOutcome) -> None:
        self._ended.put({name: outcome})

    def _reason_to_skip(self, node: PlannedNode) -> str | None:
        for source in node.node.inputs.values():
            outcome = self._outcomes.get(source)
            if outcome is not None and not outcome.is_there:
                how = "failed" if outcome.status == "failed" else "was skipped"
                return f"needs {source}, which {how}"
        if self._first_failure and not self._keep_going:
            return f"the run stopped when {self._first_failure} failed"
        return "the run was interrupted" if stop_requested() else None

    def _wait_for_some(self) -> None:
        while True:
            try:
                outcomes = self._ended.get(timeout=POLL_SECONDS)
                break
            except queue.Empty:
                # Woken now and then, so that a signal is handled while a step runs for hours.
                continue
        for name in outcomes:
            self._running.pop(name, None)
        for name, outcome in outcomes.items():
            self._end(name, outcome)

    def _end(self, name: str, outcome: NodeOutcome) -> None:
        self._outcomes[name] = outcome
        if outcome.status == "failed" and self._first_failure is None:
            self._first_failure = name
            if not self._keep_going:
                self._stop_the_running()
        for reader in self._readers[name]:
            self._unread[reader] -= 1
            if self._unread[reader] == 0:
                self._ready.add(reader)

    def _stop_the_running(self) -> None:
        halt_steps()
        try:
            while self._running:
                self._wait_for_some()
        finally:
            allow_steps()

    def _skip_rest(self, reason: str) -> None:
        for name, node in self._nodes.items():
            if name not in self._outcomes:
                self._on_skip(node, reason)
                self._outcomes[name] = NodeOutcome("skipped", reason)
