"""The flows of a pipeline, stage by stage. Each can run alone, with whatever it needs.

A flow run costs a second, whatever it does, so there is one a stage, never one a figure.
"""

# No `from __future__ import annotations`: a Prefect worker loads this file as a script, in which
# the types of flow parameters cannot be found by name.

from collections.abc import Mapping, Sequence
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.batches import batch_name
from flows.flow_run_id import with_flow_run_id
from flows.node_outcome import NodeOutcome, outcome_of_end, outcome_of_error
from flows.node_queue import NodeQueue, Report, ReportBatch
from flows.plan import PlannedNode
from flows.render import render
from flows.run import Run, find_run
from flows.run_record import run_to_end
from flows.run_request import RunRequest
from flows.serve.webhook import failures_told, tell_failed_steps
from tasks.batch_task import do_batch
from tasks.cancellation import stop_requested
from tasks.kinds import STAGES
from tasks.memory_allocator import keep_freed_memory
from tasks.node_task import do_node
from tasks.progress import BUS, Event

WORKERS = 2
"""One step on the device, and one beside it that needs none or prepares."""


def _threads(workers: int) -> TaskRunner[PrefectFuture[Any]]:
    return cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=workers))


@flow(
    name="prepare-data",
    flow_run_name="data of {request.pipeline}",
    task_runner=_threads(WORKERS),
)
def prepare_data(request: RunRequest) -> State[Any]:
    """Bring every data set to uint8 arrays, checked against its declared hash."""
    return _run_stage("data", request)


@flow(
    name="train-models",
    flow_run_name="models of {request.pipeline}",
    task_runner=_threads(WORKERS),
)
def train_models(request: RunRequest) -> State[Any]:
    """Train the diffusion models and the classifiers that judge them."""
    return _run_stage("train", request)


@flow(
    name="evaluate-checkpoints",
    flow_run_name="evaluation of {request.pipeline}",
    task_runner=_threads(WORKERS),
)
def evaluate_checkpoints(request: RunRequest) -> State[Any]:
    """Sample, denoise and measure each checkpoint, and collect the table of metrics."""
    return _run_stage("evaluate", request)


@flow(
    name="sample-text-to-image",
    flow_run_name="text to image of {request.pipeline}",
    task_runner=_threads(WORKERS),
)
def sample_text_to_image(request: RunRequest) -> State[Any]:
    """Encode prompts, and sample every trajectory of the text-to-image model."""
    return _run_stage("text_to_image", request)


# Matplotlib is not thread-safe: one figure at a time.
@flow(
    name="draw-figures",
    flow_run_name="figures of {request.pipeline}",
    task_runner=_threads(1),
)
def draw_figures(request: RunRequest) -> State[Any]:
    """Draw every panel of every figure."""
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
        run_nodes(run, [stage])
        return final_state(run)
    with failures_told(request):
        alone = run or Run.begin(request, stage)
        try:
            run_to_end(alone, lambda: run_nodes(alone, STAGES))
        finally:
            alone.end()
        tell_failed_steps(alone)
    return final_state(alone)


def run_nodes(run: Run, stages: Sequence[str]) -> None:
    """Run what is left of these stages as tasks of the current flow, cached nodes included."""
    keep_freed_memory()
    settings = run.settings.to_json()
    futures: dict[str, PrefectFuture[Any]] = {}

    def submit(node: PlannedNode, report: Report) -> None:
        future = do_node.submit(
            run.step_node(node), settings, wait_for=_inputs([node], futures), return_state=False
        )
        futures[node.name] = future
        future.add_done_callback(lambda ended: report(_outcome_of(ended)))

    def submit_batch(nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
        future = do_batch.submit(
            batch_name(nodes),
            [run.step_node(node) for node in nodes],
            settings,
            wait_for=_inputs(nodes, futures),
            return_state=False,
        )
        names = [node.name for node in nodes]
        futures.update(dict.fromkeys(names, future))
        future.add_done_callback(lambda ended: report(_outcomes_of(ended, names)))

    NodeQueue(
        run.nodes(stages),
        run.outcomes,
        submit,
        workers=WORKERS,
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


def _outcome_of(future: PrefectFuture[Any]) -> NodeOutcome:
    # An exception here would be swallowed by the thread pool, and the queue would wait for ever.
    try:
        future.wait()
        state = future.state
        if state.is_cancelled():
            return NodeOutcome("skipped", state.message)
        result = state.result(raise_on_failure=False)
        if isinstance(result, BaseException):
            return outcome_of_error(result)
        return NodeOutcome(result["status"], seconds=result["seconds"])
    except Exception as error:
        return outcome_of_error(error)


def _outcomes_of(future: PrefectFuture[Any], names: Sequence[str]) -> dict[str, NodeOutcome]:
    """How each node of a batch ended."""
    try:
        future.wait()
        state = future.state
        if state.is_cancelled():
            return dict.fromkeys(names, NodeOutcome("skipped", state.message))
        made = state.result(raise_on_failure=False)
        if isinstance(made, BaseException):
            return dict.fromkeys(names, outcome_of_error(made))
        return {name: outcome_of_end(end) for name, end in zip(names, made["ends"], strict=True)}
    except Exception as error:
        return dict.fromkeys(names, outcome_of_error(error))


def _inputs(
    nodes: Sequence[PlannedNode], futures: Mapping[str, PrefectFuture[Any]]
) -> list[PrefectFuture[Any]]:
    """The tasks that made what `nodes` read, which Prefect draws as edges.

    Without batches of which some node failed: Prefect would not start a task after a failed one,
    though what this one reads is there.
    """
    found = [
        futures[name] for node in nodes for name in node.node.inputs.values() if name in futures
    ]
    return [future for future in dict.fromkeys(found) if not future.state.is_failed()]


def _publish_skip(node: PlannedNode, reason: str) -> None:
    BUS.publish(Event(node.name, node.node.kind, "skipped", message=reason))
