"""The flows of a pipeline, stage by stage. Each can run alone, with whatever it needs.

A flow run costs a second, whatever it does, so there is one a stage, never one a figure.
"""

# No `from __future__ import annotations`: a Prefect worker loads this file as a script, in which
# the types of flow parameters cannot be found by name.

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect import Task, flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows.plan.plan import PlannedNode
from flows.run.batches import batch_name
from flows.run.flow_run_id import with_flow_run_id
from flows.run.interrupt import soft_sigterm
from flows.run.node_outcome import NodeOutcome, outcome_of_end, outcome_of_error
from flows.run.node_queue import NodeQueue, Report, ReportBatch
from flows.run.render import render
from flows.run.run import Run, find_run
from flows.run.run_record import run_to_end
from flows.run.run_request import RunRequest
from flows.runners.at_work import at_work, settings_for
from flows.runners.told import tell_ended, tell_started
from flows.runners.workforce import Ended
from flows.serve.claims import tell_stopped_claims
from flows.serve.webhook import failures_told, tell_failed_steps
from tasks.running.batch_task import do_batch
from tasks.running.cancellation import stop_requested
from tasks.running.kinds import KINDS, STAGES
from tasks.running.memory_allocator import keep_freed_memory
from tasks.running.node_task import do_node
from tasks.running.progress import BUS, Event


@flow(name="prepare-data", flow_run_name="data of {request.pipeline}")
def prepare_data(request: RunRequest) -> State[Any]:
    """Bring every data set to uint8 arrays, checked against its declared hash."""
    return _run_stage("data", request)


@flow(name="train-models", flow_run_name="models of {request.pipeline}")
def train_models(request: RunRequest) -> State[Any]:
    """Train the diffusion models and the classifiers that judge them."""
    return _run_stage("train", request)


@flow(name="evaluate-checkpoints", flow_run_name="evaluation of {request.pipeline}")
def evaluate_checkpoints(request: RunRequest) -> State[Any]:
    """Sample, denoise and measure each checkpoint, and collect the table of metrics."""
    return _run_stage("evaluate", request)


@flow(name="sample-text-to-image", flow_run_name="text to image of {request.pipeline}")
def sample_text_to_image(request: RunRequest) -> State[Any]:
    """Encode prompts, and sample every trajectory of the text-to-image model."""
    return _run_stage("text_to_image", request)


@flow(name="draw-figures", flow_run_name="figures of {request.pipeline}")
def draw_figures(request: RunRequest) -> State[Any]:
    """Draw every panel of every figure, and check what the write-ups claim of them."""
    return _run_stage("figures", request)


@flow(name="render-report", flow_run_name="report of {request.pipeline}")
def render_report(request: RunRequest) -> State[Any]:
    """Build the report from the manifest."""
    path = render(request)
    return Completed(message=str(path))


STAGE_FLOWS = {
    "data": prepare_data,
    "train": train_models,
    "evaluate": evaluate_checkpoints,
    "text_to_image": sample_text_to_image,
    "figures": draw_figures,
}


def _run_stage(stage: str, request: RunRequest) -> State[Any]:
    request = with_flow_run_id(request)
    run = find_run(request)
    if run is not None and run.stage is None:
        with soft_sigterm():
            run_nodes(run, [stage])
        return final_state(run)
    with failures_told(request):
        alone = run or Run.begin(request, stage)
    try:
        # Told while the lease lasts: a run without one, not ended yet, looks left by a kill.
        with failures_told(request):
            with soft_sigterm(), at_work(alone):
                run_to_end(alone, lambda: run_nodes(alone, STAGES))
            tell_failed_steps(alone)
            tell_stopped_claims(alone)
    finally:
        alone.end()
    return final_state(alone)


def run_nodes(run: Run, stages: Sequence[str]) -> None:
    """Run what is left of these stages as tasks of the current flow, cached nodes included."""
    keep_freed_memory()
    workforce = run.workforce
    assert workforce is not None, "nodes are run within flows.runners.at_work"
    settings = settings_for(workforce, run.settings).to_json()
    task_runs: dict[str, UUID] = {}

    def begin(
        nodes: Sequence[PlannedNode], task: Task[..., Any], first: dict[str, Any], ended: Ended
    ) -> None:
        read = [task_runs[i] for n in nodes for i in n.node.inputs.values() if i in task_runs]
        computes = KINDS[nodes[0].node.kind].uses_accelerator and not all(n.is_hit for n in nodes)
        task_run = workforce.submit(
            task, {**first, "settings": settings}, inputs=read, uses_device=computes, ended=ended
        )
        task_runs.update({node.name: task_run for node in nodes})

    def submit(node: PlannedNode, report: Report) -> None:
        def ended(end: State[Any] | BaseException) -> None:
            outcome = _outcome_of(end)
            if workforce.is_remote:
                tell_ended([node], {node.name: outcome})
            report(outcome)

        if workforce.is_remote:
            tell_started([node])
        begin([node], do_node, {"node": run.step_node(node)}, ended)

    def submit_batch(nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
        def ended(end: State[Any] | BaseException) -> None:
            outcomes = _outcomes_of(end, [node.name for node in nodes])
            if workforce.is_remote:
                tell_ended(nodes, outcomes)
            report(outcomes)

        if workforce.is_remote:
            tell_started(nodes)
        steps = [run.step_node(node) for node in nodes]
        begin(nodes, do_batch, {"batch": batch_name(nodes), "nodes": steps}, ended)

    NodeQueue(
        run.nodes(stages),
        run.outcomes,
        submit,
        workers=workforce.workers(),
        devices=workforce.devices(),
        keep_going=run.request.keep_going,
        submit_batch=submit_batch,
        on_skip=_publish_skip,
    ).run()


def final_state(run: Run) -> State[Any]:
    """The state of a flow run that has done what it could of `run`."""
    if stop_requested():
        return Cancelled(message="stopped by request; finished steps are kept")
    if run.failed:
        return Failed(message=f"failed: {', '.join(run.failed)}")
    return Completed(message="every step is in the store")


def _outcome_of(end: State[Any] | BaseException) -> NodeOutcome:
    # An exception here would be swallowed by whoever calls back, and the queue would wait for ever.
    try:
        if isinstance(end, BaseException):
            return outcome_of_error(end)
        if end.is_cancelled():
            return NodeOutcome("skipped", end.message)
        result = end.result(raise_on_failure=False)
        if isinstance(result, BaseException):
            return outcome_of_error(result)
        return NodeOutcome(result["status"], seconds=result["seconds"])
    except Exception as error:
        return outcome_of_error(error)


def _outcomes_of(end: State[Any] | BaseException, names: Sequence[str]) -> dict[str, NodeOutcome]:
    """How each node of a batch ended."""
    try:
        if isinstance(end, BaseException):
            return dict.fromkeys(names, outcome_of_error(end))
        if end.is_cancelled():
            return dict.fromkeys(names, NodeOutcome("skipped", end.message))
        made = end.result(raise_on_failure=False)
        if isinstance(made, BaseException):
            return dict.fromkeys(names, outcome_of_error(made))
        return {name: outcome_of_end(end) for name, end in zip(names, made["ends"], strict=True)}
    except Exception as error:
        return dict.fromkeys(names, outcome_of_error(error))


def _publish_skip(node: PlannedNode, reason: str) -> None:
    BUS.publish(Event(node.name, node.node.kind, "skipped", message=reason))
