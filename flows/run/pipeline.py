"""The parent flow: a whole pipeline, from data to report."""

# No `from __future__ import annotations`: a Prefect worker loads this file as a script, in which
# the types of flow parameters cannot be found by name.

from typing import Any

from prefect import flow
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.client.schemas.objects import State

from flows.run.flow_run_id import with_flow_run_id
from flows.run.interrupt import soft_sigterm
from flows.run.prefect_server import without_heartbeats
from flows.run.run import Run, find_run, forget, register
from flows.run.run_artifacts import metrics_table, summary
from flows.run.run_record import run_to_end
from flows.run.run_request import RunRequest
from flows.run.stages import STAGE_FLOWS, final_state, render_report
from flows.runners.at_work import at_work
from flows.serve.claims import tell_stopped_claims
from flows.serve.report_address import served_report
from flows.serve.webhook import failures_told, tell_failed_steps
from tasks.running.cancellation import stop_requested

METRICS = "Metrics of every node of the pipeline's last run"
SUMMARY = "What the pipeline's last run did"
REPORT = "The pipeline's report, where it is served"


@flow(name="run-pipeline", flow_run_name="{request.pipeline}")
def run_pipeline(request: RunRequest) -> State[Any]:
    """Make everything a pipeline declares that is not in the store yet, and its report."""
    request = with_flow_run_id(request)
    run = find_run(request)
    if run is not None:
        return _run_and_tell(run)
    with failures_told(request):
        run = Run.begin(request)
    register(run)
    try:
        return _run_and_tell(run)
    finally:
        forget(run)


def _run_and_tell(run: Run) -> State[Any]:
    # Told while the lease lasts: a run without one, not ended yet, looks left by a kill.
    with failures_told(run.request):
        return _run(run)


def _run(run: Run) -> State[Any]:
    with without_heartbeats(), soft_sigterm():
        with at_work(run):
            run_to_end(run, lambda: _run_stages(run))
        if not stop_requested():
            render_report(run.request)
    if not stop_requested():
        tell_failed_steps(run)
        tell_stopped_claims(run)
        _show(run)
    return final_state(run)


def _show(run: Run) -> None:
    """In Prefect's interface: what was measured, what was done, and the way to the report."""
    pipeline = run.plan.pipeline
    name = pipeline.replace("_", "-")
    create_table_artifact(metrics_table(run), key=f"metrics-{name}", description=METRICS)
    create_markdown_artifact(summary(run), key=f"summary-{name}", description=SUMMARY)
    if address := served_report(pipeline):
        create_link_artifact(address, "Report", key=f"report-{name}", description=REPORT)


def _run_stages(run: Run) -> None:
    """One subflow for each stage that has something to compute."""
    for stage, stage_flow in STAGE_FLOWS.items():
        if run.is_stopping or run.lost_inputs:
            break
        if run.misses([stage]):
            stage_flow(run.request, return_state=True)
