"""Definitions of claims, found by their ids; and the step of kind "claim", which asks one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from tasks.claims.evidence import Evidence
from tasks.claims.finding import NOT_MEASURABLE, Finding, NotMeasurable
from tasks.claims.registry import Registry
from tasks.running.step import Step, StepResult, table_to_bytes

claim: Registry[Callable[[Evidence], Finding]] = Registry("tasks.claims")
"""What a claim means here: what is measured, and when it holds."""


def check_claim(step: Step) -> StepResult:
    """params: claim, entries, and missing: why there are none, or null.

    Objects: measured.parquet, all that was measured, unless nothing could be. Metrics: the numbers
    that tell. Info: verdict, because, seeds, intervals.
    """
    import pyarrow as pa

    if step.params["missing"] is not None:
        return _unmeasured(step.params["missing"])
    try:
        finding = claim.all()[step.params["claim"]](Evidence.of_step(step))
    except NotMeasurable as error:
        return _unmeasured(str(error))
    rows = pa.Table.from_pylist([dict(row) for row in finding.measured])
    return StepResult(
        objects={"measured.parquet": table_to_bytes(rows)},
        metrics=dict(finding.numbers),
        info={
            "verdict": finding.verdict,
            "because": finding.because,
            "numbers": list(finding.numbers),
            "seeds": finding.seeds,
            "intervals": [asdict(interval) for interval in finding.intervals],
        },
    )


def _unmeasured(because: str) -> StepResult:
    info = {
        "verdict": NOT_MEASURABLE,
        "because": because,
        "numbers": [],
        "seeds": 0,
        "intervals": [],
    }
    return StepResult(objects={}, info=info)
