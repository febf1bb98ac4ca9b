"""Do a run: plan, and only if something misses, start Prefect.

With everything cached this imports neither Prefect nor torch and is done in a second.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flows.plan.show_plan import format_seconds
from flows.run.growing_report import grow_report, growing_address, leave_finished
from flows.run.interrupt import EXIT_INTERRUPTED, soft_interrupts
from flows.run.prefect_server import prefect_server, quiet_prefect
from flows.run.progress_display import ProgressDisplay
from flows.run.run import Run, forget, register
from flows.run.run_record import (
    Verdicts,
    claims_line,
    is_rendered,
    record_run,
    recorded_since,
    render,
    report_page,
    verdicts_of,
)
from flows.run.run_request import RunRequest
from tasks.running.device import keep_freed_memory
from tasks.running.progress import request_stop, stop_requested
from tasks.text_to_image.cut_prompt import cut_words

Status = Literal["nothing to do", "complete", "failed", "interrupted"]


@dataclass(frozen=True)
class RunResult:
    """counts: status to number of nodes. failed: node name to error. report: path of its page,
    None if there is none. seconds: the whole run. only_bad_input: every step that failed was given
    something it cannot use. problems: what the store had to leave out and the model of its prompts,
    each a sentence. claims: of
    each write-up, claim to verdict."""

    run_id: str
    pipeline: str
    profile: str
    status: Status
    counts: dict[str, int]
    failed: dict[str, str] = field(default_factory=dict)
    report: str | None = None
    seconds: float = 0.0
    only_bad_input: bool = False
    problems: list[str] = field(default_factory=list)
    claims: Verdicts = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        failed = 2 if self.only_bad_input else 1
        return {"failed": failed, "interrupted": EXIT_INTERRUPTED}.get(self.status, 0)

    def lines(self) -> list[str]:
        """What the command line says at the end; the report's path last."""
        what, time_taken = f"{self.pipeline} ({self.profile})", format_seconds(self.seconds)
        if self.status == "nothing to do":
            lines = [f"{what}: nothing changed, everything is in the store ({time_taken})."]
        else:
            counts = ", ".join(f"{self.counts[status]} {status}" for status in sorted(self.counts))
            lines = [f"{what}: {self.status} in {time_taken}; {counts}."]
        if line := claims_line(self.claims):
            lines.append(line)
        lines += self.problems
        lines += [f"failed: {name}: {error}" for name, error in self.failed.items()]
        return [*lines, self.report] if self.report else lines

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def execute(
    request: RunRequest,
    display: ProgressDisplay,
    stage: str | None = None,
    report_grows: bool = True,
) -> RunResult:
    """Run a pipeline, or one stage of it with what that needs. BadInput before anything is done.

    report_grows: whether the report is shown while the run of a whole pipeline goes on.
    """
    began = time.monotonic()
    run = Run.begin(request, stage)
    run.grows = report_grows and stage is None
    try:
        if not run.misses():
            _finish_cached(run)
            return _result(run, "nothing to do", began)
        interrupted = _run_in_prefect(run, display)
        if interrupted:
            return _result(run, "interrupted", began)
        return _result(run, "failed" if run.failed else "complete", began)
    finally:
        run.end()


def _finish_cached(run: Run) -> None:
    """Bring record and report up to date with what the store holds; both usually are."""
    recorded_at = recorded_since(run)
    if recorded_at is None:
        from flows.run.webhook import tell_stopped_claims

        record_run(run)
        tell_stopped_claims(run)
    if recorded_at is None or not is_rendered(run.request, recorded_at):
        render(run.request)


def _run_in_prefect(run: Run, display: ProgressDisplay) -> bool:
    """Run the flow of the run's stage, or of the whole pipeline. True if it was interrupted."""
    register(run)
    if run.grows:
        display.note(f"The report grows at {growing_address(run)}")
        grow_report(run)
    try:
        with display.following(run), soft_interrupts(display.note):
            try:
                _run_flow(run, display)
            except BaseException as error:
                if not stop_requested() and not _is_interrupt(error):
                    raise
                request_stop()
                record_run(run)
            return stop_requested()
    finally:
        leave_finished(run)
        forget(run)


def _load_flows() -> None:
    """Prefect's flows and what nearly every step needs, a second or two each."""
    import torch  # noqa: F401

    import flows.run.pipeline  # noqa: F401


def _run_flow(run: Run, display: ProgressDisplay) -> None:
    # Before Prefect's threads and the workers' start, so that all share the main heap.
    keep_freed_memory()
    display.status("Starting Prefect")
    quiet_prefect()
    with prefect_server(meanwhile=_load_flows):
        if stop_requested():
            record_run(run)
            return
        from flows.run.pipeline import STAGE_FLOWS, run_pipeline

        display.status("")
        flow = run_pipeline if run.stage is None else STAGE_FLOWS[run.stage]
        state = flow(run.request, return_state=True)
        # Failed steps are in the run's outcomes; anything else that failed is told as it is.
        if not run.failed and not stop_requested() and not state.is_completed():
            state.result(raise_on_failure=True)


def _is_interrupt(error: BaseException) -> bool:
    """Ctrl-C, or the exception by which Prefect tells its flows of SIGTERM."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "TerminationSignal"


def _cut_prompts(run: Run) -> list[str]:
    """A sentence for each prompt of which the model did not read the end."""
    prompts = [node for node in run.plan.nodes if node.node.kind == "prompt"]
    rows = {node.key: node.row for node in prompts if node.is_hit}
    made = [node.key for node in prompts if run.outcome(node).status == "done"]
    found = {**rows, **(run.store.rows().select(made) if made else {})}
    return [
        cut_words(row.params["prompt"], row.info["cut_off"])
        for node in prompts
        if (row := found.get(node.key)) is not None and row.info.get("cut_off")
    ]


def _result(run: Run, status: Status, began: float) -> RunResult:
    page = report_page(run.request)
    outcomes = {node.name: run.outcome(node) for node in run.plan.nodes}
    return RunResult(
        run_id=run.id,
        pipeline=run.plan.pipeline,
        profile=run.plan.profile,
        status=status,
        counts=dict(Counter(outcome.status for outcome in outcomes.values())),
        failed={name: outcomes[name].error or "" for name in run.failed},
        report=str(page) if page.exists() else None,
        seconds=time.monotonic() - began,
        problems=[*run.plan.problems, *_cut_prompts(run)],
        claims=verdicts_of(run),
        only_bad_input=all(outcomes[name].bad_input for name in run.failed),
    )
