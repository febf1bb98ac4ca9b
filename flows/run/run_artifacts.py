"""A run as Prefect's interface shows it: a table of metrics, and a summary with pictures and the
nodes as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flows.plan.plan import PlannedNode
from flows.plan.show_plan import format_seconds
from flows.run.run import Run, stage_of
from flows.run.run_request import served_file, served_report
from tasks.report.files import asset_path
from tasks.running.kinds import STAGES

MEASURED_STAGES = ("train", "evaluate")
MAX_THUMBNAILS = 6

MARKS = {"done": "+", "cached": "=", "failed": "x", "skipped": "-"}
LEGEND = "+ done  = cached  x failed  - skipped  <- made from"

MAX_NODES = 12
"""Of one stage; what a run changed comes before what it found."""


def metrics_table(run: Run) -> list[dict[str, Any]]:
    """One row a measured node: its name and its metrics, rounded for reading."""
    table = []
    measured = [
        node
        for node in run.plan.nodes
        if stage_of(node) in MEASURED_STAGES and run.outcome(node).is_there
    ]
    rows = run.store.rows().select({node.key for node in measured})
    for node in measured:
        row = rows.get(node.key)
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
    lines.append("")
    for name in run.failed:
        error = (run.outcomes[name].error or "").replace("\n", " ")
        lines.append(f"- **{name}** failed: {error}")
    served = served_report(run.plan.pipeline)
    page = f"[{served}]({served})" if served else f"`{run.request.report_path}/index.html`"
    lines += ["", f"Report: {page}", "", *_thumbnails(run), "", "```", text_dag(run), "```"]
    return "\n".join(lines)


def _thumbnails(run: Run) -> list[str]:
    """The last panel of the first figures, from the served report; none if it is not served."""
    nodes = run.plan.by_name
    lines: list[str] = []
    for figure in run.plan.layout.get("figures", ()):
        panel = figure["panels"][-1]
        node = nodes.get(panel["node"])
        if node is None or not run.outcome(node).is_there or len(lines) == MAX_THUMBNAILS:
            continue
        row = run.store.find(node.key, node.node.kind)
        image = row.objects.get("image.png") if row is not None else None
        if image is not None:
            address = served_file(thumbnail_path(asset_path(image.sha256, image.extension)))
            if address:
                lines.append(f"![{figure['title']}]({address})")
    return lines


def thumbnail_path(asset: str) -> str:
    """Where the report server has the thumbnail of an asset of the report."""
    return f"thumbnails/{asset.rsplit('/', 1)[-1]}"


def text_dag(run: Run) -> str:
    """A line for each node, with what became of it and what it was made from."""
    blocks = []
    for stage in STAGES:
        nodes = [node for node in run.plan.nodes if stage_of(node) == stage]
        if nodes:
            blocks.append("\n".join([stage, *_lines(run, nodes)]))
    return "\n\n".join([*blocks, LEGEND])


def _lines(run: Run, nodes: Sequence[PlannedNode]) -> list[str]:
    # Stable, so that inputs stay before what is made from them.
    ordered = sorted(nodes, key=lambda node: run.outcome(node).status == "cached")
    shown = ordered[:MAX_NODES]
    width = max(len(node.name) for node in shown)
    lines = [
        f"  {MARKS[run.outcome(node).status]} {node.name:<{width}}{_inputs(node)}".rstrip()
        for node in shown
    ]
    if len(nodes) > len(shown):
        lines.append(f"  ... and {len(nodes) - len(shown)} more")
    return lines


def _inputs(node: PlannedNode) -> str:
    names = list(dict.fromkeys(node.node.inputs.values()))
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"  <- {names[0]}{more}"
