"""The flows: a whole pipeline, from data to report, and its stages, each of which can run alone.

A flow run costs a second, whatever it does, so there is one a stage, never one a figure.
"""

# No `from __future__ import annotations`: a Prefect worker loads this file as a script, in which
# the types of flow parameters cannot be found by name.

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRunResult
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

from flows.plan.plan import PlannedNode
from flows.run.at_work import at_work, settings_for, tell_ended, tell_started
from flows.run.growing_report import grow_report, leave_finished
from flows.run.interrupt import soft_sigterm
from flows.run.node_queue import (
    NodeOutcome,
    NodeQueue,
    Report,
    batch_name,
    outcome_of,
)
from flows.run.prefect_server import without_heartbeats
from flows.run.run import Run, find_run, forget, register
from flows.run.run_artifacts import metrics_table, summary
from flows.run.run_record import render, run_to_end
from flows.run.run_request import RunRequest, served_report
from flows.run.webhook import failures_told, tell_failed_steps, tell_stopped_claims
from tasks.running.device import keep_freed_memory
from tasks.running.kinds import KINDS
from tasks.running.progress import BUS, Event, stop_requested
from tasks.running.run_step import do_batch, do_node

METRICS = "Metrics of every node of the pipeline's last run"
SUMMARY = "What the pipeline's last run did"
REPORT = "The pipeline's report, where it is served"

# The manifest is the cache. Tensors would hash differently in each process, so nothing but plain
# values goes in and out, and Prefect keeps no results of its own.
NODE = task(
    name="node",
    task_run_name="{node[name]}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=0,
)(do_node)
BATCH = task(
    name="batch", task_run_name="{batch}", cache_policy=NO_CACHE, persist_result=False, retries=0
)(do_batch)


@flow(name="run-pipeline", flow_run_name="{request.pipeline}")
def run_pipeline(request: RunRequest) -> State[Any]:
    """Make everything a pipeline declares that is not in the store yet, and its report."""
    with _begun(_with_flow_run_id(request)) as run:
        grow_report(run)
        with without_heartbeats(), soft_sigterm():
            with at_work(run):
                run_to_end(run, lambda: _run_stages(run))
            if not stop_requested():
                render_report(run.request)
        if not stop_requested():
            tell_failed_steps(run)
            tell_stopped_claims(run)
            _show(run)
    return _final_state(run)


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
    "text_to_image": sample_text_to_image,
    "train": train_models,
    "evaluate": evaluate_checkpoints,
    "figures": draw_figures,
}


def _with_flow_run_id(request: RunRequest) -> RunRequest:
    """A run that Prefect started goes by the id of its flow run: one is found from the other."""
    if request.run_id or not flow_run.id:
        return request
    return request.model_copy(update={"run_id": flow_run.id})


@contextmanager
def _begun(request: RunRequest, stage: str | None = None) -> Iterator[Run]:
    """The run that the caller has begun, else one that begins here and ends with the block."""
    with ExitStack() as ends, failures_told(request):
        # Told while the lease lasts: a run without one, not ended yet, looks left by a kill.
        run = find_run(request)
        if run is None:
            run = Run.begin(request, stage)
            register(run)
            ends.callback(forget, run)
            ends.callback(leave_finished, run)
        yield run


def _run_stages(run: Run) -> None:
    """One subflow for each stage that has something to compute."""
    for stage, stage_flow in STAGE_FLOWS.items():
        if run.is_stopping or run.lost_inputs:
            break
        if run.misses([stage]):
            stage_flow(run.request, return_state=True)


def _run_stage(stage: str, request: RunRequest) -> State[Any]:
    request = _with_flow_run_id(request)
    run = find_run(request)
    if run is not None and run.stage is None:
        with soft_sigterm():
            _run_nodes(run, run.nodes_drawn_in([stage]))
        return _final_state(run)
    with _begun(request, stage) as alone:
        with soft_sigterm(), at_work(alone):
            run_to_end(alone, lambda: _run_nodes(alone, alone.nodes()))
        tell_failed_steps(alone)
        tell_stopped_claims(alone)
    return _final_state(alone)


def _final_state(run: Run) -> State[Any]:
    """The state of a flow run that has done what it could of `run`."""
    if stop_requested():
        return Cancelled(message="stopped by request; finished steps are kept")
    if run.failed:
        return Failed(message=f"failed: {', '.join(run.failed)}")
    return Completed(message="every step is in the store")


def _show(run: Run) -> None:
    """In Prefect's interface: what was measured, what was done, and the way to the report."""
    pipeline = run.plan.pipeline
    name = pipeline.replace("_", "-")
    create_table_artifact(metrics_table(run), key=f"metrics-{name}", description=METRICS)
    create_markdown_artifact(summary(run), key=f"summary-{name}", description=SUMMARY)
    if address := served_report(pipeline):
        create_link_artifact(address, "Report", key=f"report-{name}", description=REPORT)


def _run_nodes(run: Run, nodes: Sequence[PlannedNode]) -> None:
    """Run these nodes as tasks of the current flow, cached ones included."""
    keep_freed_memory()
    workforce = run.workforce
    assert workforce is not None, "nodes are run within flows.run.at_work"
    settings = settings_for(workforce, run.settings).to_json()
    task_runs: dict[str, UUID] = {}

    def submit(nodes: Sequence[PlannedNode], report: Report) -> None:
        def ended(end: State[Any] | BaseException) -> None:
            outcomes = _outcomes(end, [node.name for node in nodes])
            if workforce.is_remote:
                tell_ended(nodes, outcomes)
            report(outcomes)

        if workforce.is_remote:
            tell_started(nodes)
        steps = [run.step_node(node) for node in nodes]
        batch = {"batch": batch_name(nodes), "nodes": steps}
        read = [task_runs[i] for n in nodes for i in n.node.inputs.values() if i in task_runs]
        task_run = workforce.submit(
            NODE if len(nodes) == 1 else BATCH,
            {**({"node": steps[0]} if len(nodes) == 1 else batch), "settings": settings},
            # Prefect adds them to those of a parameter.
            {"settings": {TaskRunResult(id=task_run) for task_run in read}},
            uses_device=KINDS[nodes[0].node.kind].uses_accelerator
            and not all(node.is_hit for node in nodes),
            ended=ended,
        )
        task_runs.update({node.name: task_run for node in nodes})

    NodeQueue(
        nodes,
        run.outcomes,
        submit,
        workers=workforce.workers(),
        devices=workforce.devices(),
        keep_going=run.request.keep_going,
        on_skip=_publish_skip,
    ).run()


def _outcomes(end: State[Any] | BaseException, names: Sequence[str]) -> dict[str, NodeOutcome]:
    """How each node of a task ended."""
    # An exception here would be swallowed by whoever calls back, and the queue would wait for ever.
    try:
        if isinstance(end, BaseException):
            return dict.fromkeys(names, outcome_of(end))
        if end.is_cancelled():
            return dict.fromkeys(names, NodeOutcome("skipped", end.message))
        made = end.result(raise_on_failure=False)
        if isinstance(made, BaseException):
            return dict.fromkeys(names, outcome_of(made))
        ends = made["ends"] if len(names) > 1 else [made]
        return {name: outcome_of(end) for name, end in zip(names, ends, strict=True)}
    except Exception as error:
        return dict.fromkeys(names, outcome_of(error))


def _publish_skip(node: PlannedNode, reason: str) -> None:
    BUS.publish(Event(node.name, node.node.kind, "skipped", message=reason))
