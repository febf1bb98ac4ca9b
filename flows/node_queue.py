"""Which node goes next: a node is submitted once the nodes it reads are there.

Knows nothing of Prefect: `submit` starts a node somewhere and reports its end from any thread.
Linear in nodes and edges, so a plan of many thousands is no burden.
"""

from __future__ import annotations

import functools
import queue
from collections import deque
from collections.abc import Callable, MutableMapping, Sequence

from flows.node_outcome import NodeOutcome
from flows.plan import PlannedNode
from tasks.cancellation import allow_steps, halt_steps, request_stop, stop_requested

Report = Callable[[NodeOutcome], None]
Submit = Callable[[PlannedNode, Report], None]

POLL_SECONDS = 0.2


class NodeQueue:
    """Runs `nodes` (in topological order), at most `workers` at a time.

    outcomes: node name to outcome; read for inputs that ended earlier, filled as nodes end.
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
        on_skip: Callable[[PlannedNode, str], None] = lambda node, reason: None,
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._outcomes = outcomes
        self._submit = submit
        self._workers = workers
        self._keep_going = keep_going
        self._on_skip = on_skip
        self._ended: queue.SimpleQueue[tuple[str, NodeOutcome]] = queue.SimpleQueue()
        self._running: set[str] = set()
        self._readers: dict[str, list[str]] = {name: [] for name in self._nodes}
        self._unread: dict[str, int] = {}
        for name, node in self._nodes.items():
            awaited = {i for i in node.node.inputs.values() if i in self._nodes}
            self._unread[name] = len(awaited)
            for source in awaited:
                self._readers[source].append(name)
        self._ready = deque(name for name, count in self._unread.items() if count == 0)
        self._first_failure: str | None = None

    def run(self) -> None:
        """Returns when every node has an outcome. The stop flag, if the user set it, stays set."""
        try:
            while self._ready or self._running:
                self._start_ready()
                if self._running:
                    self._wait_for_one()
        except BaseException:
            # Interrupted: the steps that run keep their checkpoints before the error goes on.
            request_stop()
            while self._running:
                self._wait_for_one()
            self._skip_rest("the run was interrupted")
            raise

    def _start_ready(self) -> None:
        while self._ready and len(self._running) < self._workers:
            name = self._ready.popleft()
            node = self._nodes[name]
            if reason := self._reason_to_skip(node):
                self._on_skip(node, reason)
                self._end(name, NodeOutcome("skipped", reason))
                continue
            self._submit(node, functools.partial(self._report, name))
            self._running.add(name)

    def _report(self, name: str, outcome: NodeOutcome) -> None:
        self._ended.put((name, outcome))

    def _reason_to_skip(self, node: PlannedNode) -> str | None:
        for source in node.node.inputs.values():
            outcome = self._outcomes.get(source)
            if outcome is not None and not outcome.is_there:
                how = "failed" if outcome.status == "failed" else "was skipped"
                return f"needs {source}, which {how}"
        if self._first_failure and not self._keep_going:
            return f"the run stopped when {self._first_failure} failed"
        return "the run was interrupted" if stop_requested() else None

    def _wait_for_one(self) -> None:
        while True:
            try:
                name, outcome = self._ended.get(timeout=POLL_SECONDS)
                break
            except queue.Empty:
                # Woken now and then, so that a signal is handled while a step runs for hours.
                continue
        self._running.discard(name)
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
                self._ready.append(reader)

    def _stop_the_running(self) -> None:
        halt_steps()
        try:
            while self._running:
                self._wait_for_one()
        finally:
            allow_steps()

    def _skip_rest(self, reason: str) -> None:
        for name, node in self._nodes.items():
            if name not in self._outcomes:
                self._on_skip(node, reason)
                self._outcomes[name] = NodeOutcome("skipped", reason)
