"""Step of kind "table": every metric of every measured node, one tidy Parquet table."""

from __future__ import annotations

import io

import pandas as pd

from tasks.running.step import Step, StepResult

COLUMNS = ["node", "model", "epoch", "guidance_scale", "metric", "value"]


def collect_metrics(step: Step) -> StepResult:
    """Objects: metrics.parquet with columns node, model, epoch, guidance_scale, metric, value; one
    row a metric, sorted by node and metric. epoch and guidance_scale are null where they do not
    apply. Metrics: rows.
    """
    described = {row["node"]: row for row in step.params["rows"]}
    records = [
        {
            "node": node,
            "model": described[node]["model"],
            "epoch": described[node]["epoch"],
            "guidance_scale": described[node]["guidance_scale"],
            "metric": metric,
            "value": value,
        }
        for node, row in step.inputs.items()
        for metric, value in row.metrics.items()
    ]
    table = (
        pd.DataFrame.from_records(records, columns=COLUMNS)
        .astype({"epoch": "Int32", "guidance_scale": "Float64", "value": "float64"})
        .sort_values(["node", "metric"], ignore_index=True)
    )
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return StepResult(
        objects={"metrics.parquet": buffer.getvalue()}, metrics={"rows": float(len(table))}
    )
