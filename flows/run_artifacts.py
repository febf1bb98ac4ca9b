"""A run as Prefect's interface shows it: a table of metrics and a summary."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flows.run import Run, stage_of
from flows.show_plan import format_seconds
from tasks.kinds import STAGES

MEASURED_STAGES = ("train", "evaluate")


def metrics_table(run: Run) -> list[dict[str, Any]]:
    """One row a measured node: its name and its metrics, rounded for reading."""
    table = []
    for node in run.plan.nodes:
        if stage_of(node) not in MEASURED_STAGES or not run.outcome(node).is_there:
            continue
        row = run.store.find(node.key, node.node.kind)
        if row is not None and row.metrics:
            values = {name: float(f"{value:.4g}") for name, value in row.metrics.items()}
            table.append({"node": node.name, **values})
    return table


def summary(run: Run) -> str:
    """Markdown: the stages in order with what became of their nodes, failures, the report."""
    lines = [
        f"# {run.plan.layout.get('title', run.plan.pipeline)}",
        f"Profile {run.plan.profile}, device {run.settings.device}, run {run.id}.",
        "",
        "| stage | done | cached | failed | skipped | time |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for stage in STAGES:
        outcomes = [run.outcome(node) for node in run.plan.nodes if stage_of(node) == stage]
        counts = Counter(outcome.status for outcome in outcomes)
        spent = sum(outcome.seconds for outcome in outcomes if outcome.status == "done")
        cells = [str(counts[status]) for status in ("done", "cached", "failed", "skipped")]
        lines.append(f"| {' | '.join([stage, *cells, format_seconds(spent)])} |")
    lines += ["", " → ".join([*STAGES, "report"]), ""]
    for name in run.failed:
        error = (run.outcomes[name].error or "").replace("\n", " ")
        lines.append(f"- **{name}** failed: {error}")
    lines += ["", f"Report: `{run.request.report_path}/index.html`"]
    return "\n".join(lines)
