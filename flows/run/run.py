"""A run in progress: its plan, what became of each node, and what is still to do.

Begun either by the command line, which plans before it starts Prefect, or by a flow that Prefect
started; `find_run` lets a flow find the run that its caller has begun.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.nodes.image_nodes import image_files
from flows.plan.graph import add_missing_inputs
from flows.plan.plan import Plan, PlannedNode, make_plan
from flows.run.node_queue import NodeOutcome
from flows.run.run_request import RunRequest
from flows.runners.workforce import Workforce, parse_runner
from tasks.running.kinds import KINDS, STAGES, Surroundings, check_before_making
from tasks.running.progress import stop_requested
from tasks.running.settings import RunSettings, StepNode, git_state, library_versions
from tasks.store.store import Store

_active: dict[str, Run] = {}


class Growth(Protocol):
    """Of a run's report, while the run goes on (flows.run.growing_report)."""

    def end(self) -> None: ...


class Run:
    """request: as asked, with the run's id in it. outcomes: node name to how it ended.
    stage: the only one it was asked for, or None for the whole pipeline. workforce: what computes
    its steps, while there is one (flows.run.at_work). growth: of its report, once that has begun;
    grows: whether it may."""

    def __init__(self, request: RunRequest, declaration: DeclarationFile, store: Store) -> None:
        self.id = request.run_id or uuid.uuid4().hex
        self.request = request.model_copy(update={"run_id": self.id})
        self.declaration = declaration
        self.store = store
        self.started_at = datetime.now(UTC)
        self._began = time.monotonic()
        self.outcomes: dict[str, NodeOutcome] = {}
        self.workforce: Workforce | None = None
        self.growth: Growth | None = None
        self.grows = True
        # Before the plan: what it finds in the store must still be there when it is needed.
        self._lease = store.lease(self.id)
        try:
            self.plan = self._make_plan()
            if self.plan.misses:
                self._lease.needs({node.key for node in self.plan.nodes})
        except BaseException:
            self._lease.end()
            raise
        self.stage: str | None = None
        self._chosen = set(self.plan.selected)
        self._settings: RunSettings | None = None

    @classmethod
    def begin(cls, request: RunRequest, stage: str | None = None) -> Run:
        """Read the declaration, open the store, plan, check what the steps will need.

        stage: run this one and what it lacks; None for the whole pipeline. BadInput, before
        anything is done, if any of it cannot be used.
        """
        parse_runner(request.runner)
        declaration = read_declaration(request.declaration)
        reader = Store.open(request.store, create=False)
        if not reader.is_there():
            # Everything is still to be made, so all of it can be checked before there is a store.
            plan = plan_request(request, declaration, reader)
            check_nodes(plan.misses, plan.device, request, declaration)
        run = cls(request, declaration, Store.open(request.store))
        try:
            if stage is not None:
                run.choose_stage(stage)
            check_nodes(run.misses(), run.plan.device, request, declaration)
        except BaseException:
            run.end()
            raise
        return run

    @property
    def seconds(self) -> float:
        """Since it began, whatever the clock was set to meanwhile."""
        return time.monotonic() - self._began

    def _make_plan(self) -> Plan:
        return plan_request(self.request, self.declaration, self.store)

    @property
    def settings(self) -> RunSettings:
        """What its steps share; found out on the first step that is computed."""
        if self._settings is None:
            commit, dirty = git_state()
            self._settings = RunSettings(
                run_id=self.id,
                store=self.request.store,
                device=self.plan.device,
                places=self.plan.places,
                data_root=self.request.data_root,
                project_root=str(self.declaration.project_root),
                image_files=image_files(node.node for node in self.plan.nodes),
                git_commit=commit,
                git_dirty=dirty,
                versions=library_versions(),
            )
        return self._settings

    def nodes(self, stages: Iterable[str] = STAGES) -> list[PlannedNode]:
        """The chosen nodes of these stages that have not ended yet, in an order that can be run."""
        return [
            node
            for node in self.plan.nodes
            if node.name in self._chosen
            and node.name not in self.outcomes
            and stage_of(node) in stages
        ]

    def nodes_drawn_in(self, stages: Iterable[str]) -> list[PlannedNode]:
        """Those of `stages`, and every figure that can be drawn once they are there."""
        nodes = self.nodes(stages)
        found = {node.name for node in nodes}
        figures = [
            node
            for node in self.nodes()
            if node.node.kind == "figure"
            and node.name not in found
            and all(i in found or self._has_ended(i) for i in node.node.inputs.values())
        ]
        return nodes + figures

    def _has_ended(self, name: str) -> bool:
        return name in self.outcomes or self.plan.by_name[name].is_hit

    def is_awaited(self, node: PlannedNode) -> bool:
        """Whether the run is still to make it."""
        return node.name in self._chosen and not self._has_ended(node.name)

    def misses(self, stages: Iterable[str] = STAGES) -> list[PlannedNode]:
        """Those of them that are to be computed."""
        return [node for node in self.nodes(stages) if not node.is_hit]

    def stop_workers(self, should_stop: bool) -> None:
        """Tell processes that do its steps elsewhere to end them, or that they may go on."""
        self._lease.stop_steps(should_stop)

    def end(self) -> None:
        """Let clean-up have what only this run needed."""
        self._lease.end()

    def choose_stage(self, stage: str) -> None:
        """Narrow the run to one stage and what it needs that is not in the store."""
        self.stage = stage
        self._chosen = {
            node.name
            for node in self.plan.nodes
            if node.name in self._chosen and stage_of(node) == stage
        }
        self._choose_missing_inputs()

    def _choose_missing_inputs(self) -> None:
        inputs = {node.name: list(node.node.inputs.values()) for node in self.plan.nodes}
        missing = {node.name for node in self.plan.nodes if not node.is_hit}
        self._chosen = add_missing_inputs(self._chosen, missing, inputs)

    def step_node(self, node: PlannedNode) -> StepNode:
        return {
            "name": node.name,
            "key": node.key,
            "identity": node.identity.to_json(),
            "work": node.node.work,
            "force": node.is_forced,
        }

    @property
    def lost_inputs(self) -> list[str]:
        """Nodes that failed only because an input is no longer in the store."""
        return [name for name, outcome in self.outcomes.items() if outcome.lost_input]

    @property
    def failed(self) -> list[str]:
        return [name for name, outcome in self.outcomes.items() if outcome.status == "failed"]

    @property
    def is_stopping(self) -> bool:
        """Nothing more is to be started."""
        return stop_requested() or bool(self.failed and not self.request.keep_going)

    def plan_again(self) -> None:
        """After lost inputs: what is done stays done, what failed by itself stays failed."""
        self.outcomes = {
            name: outcome
            for name, outcome in self.outcomes.items()
            if outcome.status == "done" or (outcome.status == "failed" and not outcome.lost_input)
        }
        self.plan = self._make_plan()
        self._choose_missing_inputs()

    def outcome(self, node: PlannedNode) -> NodeOutcome:
        """How the node ended, or how it stands if this run never came to it."""
        if found := self.outcomes.get(node.name):
            return found
        if node.is_hit:
            return NodeOutcome("cached", seconds=node.row.seconds if node.row else 0.0)
        if node.name not in self._chosen:
            return NodeOutcome("skipped", "not chosen for this run")
        return NodeOutcome("skipped", "the run stopped before it")


def plan_request(request: RunRequest, declaration: DeclarationFile, store: Store) -> Plan:
    """The plan of what is asked for. BadInput if the request cannot be met."""
    return make_plan(
        declaration,
        request.pipeline,
        request.profile,
        store,
        overrides=request.overrides,
        only=request.only,
        from_=request.from_,
        until=request.until,
        force=request.force,
        device=request.device,
        number_format=request.number_format,
        data_root=request.data_root,
        backend=request.backend,
    )


def stage_of(node: PlannedNode) -> str:
    return KINDS[node.node.kind].stage


def check_nodes(
    nodes: Iterable[PlannedNode],
    device: str,
    request: RunRequest,
    declaration: DeclarationFile,
    *,
    is_plan: bool = False,
) -> None:
    """Raise BadInput for what these nodes would only fail on later; of a plan, for all of it that
    shows without a network and torch."""
    made = [planned.node for planned in nodes]
    surroundings = Surroundings(
        device, declaration.project_root, request.data_root, image_files(made), is_plan
    )
    check_before_making([(node.kind, node.params) for node in made], surroundings)


def register(run: Run) -> None:
    """Let flows of this process find `run` by the id in its request."""
    _active[run.id] = run


def forget(run: Run) -> None:
    """The run is over."""
    _active.pop(run.id, None)
    run.end()


def find_run(request: RunRequest) -> Run | None:
    return _active.get(request.run_id) if request.run_id else None
