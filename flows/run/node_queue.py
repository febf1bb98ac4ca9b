"""Which node goes next, alone or with its like: it is submitted once the nodes it reads are there.

Knows nothing of Prefect: `submit` starts a node somewhere, or several that cost less together, and
reports their end from any thread. Linear in nodes and edges, so
a plan of many thousands is no burden.
"""

from __future__ import annotations

import math
import queue
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flows.plan.plan import PlannedNode
from tasks import BadInput, DarkroomError, StepCancelled
from tasks.running.kinds import KINDS
from tasks.running.progress import allow_steps, halt_steps, request_stop, stop_requested
from tasks.running.settings import Reference
from tasks.running.work import InputMissing
from tasks.store import CorruptArtifact
from tasks.store.node import canonical_json

POLL_SECONDS = 0.2

FIGURE = "figure"
"""The kind that draws what readers see."""

MAX_FIGURES = 3
"""Named in the name of a batch; the rest is counted."""

Status = Literal["cached", "done", "failed", "skipped"]


@dataclass(frozen=True)
class NodeOutcome:
    """error: what failed, or why it was skipped. seconds: what computing it took, now or before.
    lost_input: it failed only because an input is no longer in the store. bad_input: it was given
    something it cannot use."""

    status: Status
    error: str | None = None
    seconds: float = 0.0
    lost_input: bool = False
    bad_input: bool = False

    @property
    def is_there(self) -> bool:
        return self.status in ("cached", "done")


def outcome_of(end: Reference | BaseException) -> NodeOutcome:
    """The outcome of a node that came to this end, or raised this."""
    if not isinstance(end, BaseException):
        return NodeOutcome(end["status"], seconds=end["seconds"])
    if isinstance(end, StepCancelled):
        return NodeOutcome("skipped", str(end))
    return NodeOutcome(
        "failed",
        str(end) if isinstance(end, DarkroomError) else f"{type(end).__name__}: {end}",
        lost_input=isinstance(end, InputMissing | CorruptArtifact),
        bad_input=isinstance(end, BadInput),
    )


Report = Callable[[Mapping[str, NodeOutcome]], None]
Submit = Callable[[Sequence[PlannedNode], Report], None]


class NodeQueue:
    """Runs `nodes` (in topological order), at most `workers` at a time.

    devices: how many of them can compute on a device at once; a batch waits for a free one.
    outcomes: node name to outcome; read for inputs that ended earlier, filled as nodes end.
    submit: starts one node, or several and reports all their ends at once; a batch counts as one of
    the workers.
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
        on_skip: Callable[[PlannedNode, str], None] = lambda node, reason: None,
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._outcomes = outcomes
        self._submit = submit
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
        self._ready = ReadyNodes(nodes)
        for name, node in self._nodes.items():
            awaited = {i for i in node.node.inputs.values() if i in self._nodes}
            self._unread[name] = len(awaited)
            for source in awaited:
                self._readers[source].append(name)
            if not awaited:
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
            names = self._ready.take(
                is_idle=not self._running,
                free_devices=self._free_devices(),
                running_kinds={self._nodes[name].node.kind for name in self._running},
            )
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
        self._submit(nodes, self._ended.put)

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


class ReadyNodes:
    """First come, first served; nodes that can be computed together wait for each other.

    A figure goes first, but for one that would only wait for another to be drawn; then single
    nodes. A batch goes once it is full, once none of its kind is still to come, or
    once nothing else goes on from which more could come; in the order of the plan, and only while
    a device is free. So all prompts are encoded, then all trajectories are sampled
    and judged, then all pictures enlarged: each network is loaded once, and its batches are full.
    What a figure of little work needs goes into the first of them.
    """

    def __init__(self, nodes: Sequence[PlannedNode]) -> None:
        """nodes: all that will ever be ready, in the order of the plan."""
        self._place = {name: place for place, name in enumerate(_shortest_first(nodes))}
        self._kinds = {node.name: node.node.kind for node in nodes}
        self._alone: deque[str] = deque()
        self._to_draw: deque[str] = deque()
        self._joined: dict[Together, list[str]] = {}
        self._awaited: Counter[Together] = Counter()
        self._group: dict[str, Together] = {}
        for node in nodes:
            if (group := together(node)) is not None:
                self._group[node.name] = group
                self._joined.setdefault(group, [])
                self._awaited[group] += 1

    def __bool__(self) -> bool:
        return bool(self._alone or self._to_draw) or any(self._joined.values())

    def add(self, name: str) -> None:
        group = self._group.get(name)
        if group is None:
            (self._to_draw if self._kinds[name] == FIGURE else self._alone).append(name)
        else:
            self._joined[group].append(name)
            self._awaited[group] -= 1

    def take(
        self, *, is_idle: bool, free_devices: int, running_kinds: Collection[str] = ()
    ) -> list[str]:
        """The nodes to start next, and no longer ready; empty if all of them wait for others.

        is_idle: nothing runs, so nothing will become ready by waiting. free_devices: on which
        nothing computes; a last batch is divided among them. running_kinds: of what runs.
        """
        would_wait = KINDS[FIGURE].one_at_a_time and FIGURE in running_kinds
        if self._to_draw and not would_wait:
            return [self._to_draw.popleft()]
        if self._alone:
            return [self._alone.popleft()]
        for group, names in self._joined.items():
            is_complete = bool(names) and not self._awaited[group]
            can_run = free_devices > 0 or not KINDS[group.kind].uses_accelerator
            if can_run and (is_complete or len(names) >= group.limit):
                return self._take_batch(group, max(1, free_devices))
        waiting = [group for group, names in self._joined.items() if names] if is_idle else []
        return self._take_batch(waiting[0], max(1, free_devices)) if waiting else []

    def _take_batch(self, group: Together, devices: int) -> list[str]:
        # So that a batch holds neighbours of one figure.
        names = sorted(self._joined[group], key=self._place.__getitem__)
        # Full while more are to come; the last ones about as large as each other.
        size = group.limit if self._awaited[group] else group.size_for(len(names), devices)
        self._joined[group] = names[size:]
        return names[:size]


def _shortest_first(nodes: Sequence[PlannedNode]) -> list[str]:
    """Names of `nodes`, those before others that a figure of less work needs; else in their order.

    What figures share counts once, for the first of them.
    """
    inputs = {node.name: list(node.node.inputs.values()) for node in nodes}
    work = {node.name: 0.0 if node.is_hit else node.node.work for node in nodes}
    figures = [node.name for node in nodes if node.node.kind == FIGURE]
    behind: dict[str, set[str]] = {}
    for name in figures:
        behind[name] = reached = set()
        waiting = [name]
        while waiting:
            for source in inputs[waiting.pop()]:
                if source in inputs and source not in reached:
                    reached.add(source)
                    waiting.append(source)
    order: dict[str, None] = {}
    for name in sorted(figures, key=lambda name: sum(work[each] for each in behind[name])):
        order |= dict.fromkeys(each for each in inputs if each in behind[name])
    return list(order | dict.fromkeys(inputs))


@dataclass(frozen=True)
class Together:
    """Nodes that are equal in this may be computed by one call. limit: at most so many."""

    kind: str
    model: str
    limit: int

    def size_for(self, ready: int, devices: int = 1) -> int:
        """How many of `ready` nodes go into the next batch, so that all are about as large.

        devices: that wait for one each.
        """
        return math.ceil(ready / max(devices, math.ceil(ready / self.limit)))


def together(node: PlannedNode) -> Together | None:
    """With what `node` can be computed; None for one that goes alone.

    A node that the store holds goes alone too: nothing is computed, and it is shown as cached.
    """
    kind = KINDS[node.node.kind]
    if kind.batch_function is None or node.is_hit:
        return None
    return Together(node.node.kind, canonical_json(node.node.params.get("model")), kind.batch_limit)


def batch_name(nodes: Sequence[PlannedNode]) -> str:
    """Such as "3 x trajectory: w1-steps, w1-sdedit"; of one node, its own name."""
    if len(nodes) == 1:
        return nodes[0].name
    name = f"{len(nodes)} x {nodes[0].node.kind}"
    # Nodes that belong to a figure are called <kind>/<figure>/<panel>/<label>.
    parts = [node.name.split("/") for node in nodes]
    figures = list(dict.fromkeys(part[1] for part in parts if len(part) > 2))
    if not figures:
        return name
    more = f" and {len(figures) - MAX_FIGURES} more" if len(figures) > MAX_FIGURES else ""
    return f"{name}: {', '.join(figures[:MAX_FIGURES])}{more}"
