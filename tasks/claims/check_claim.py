"""Step of kind "claim": whether a claim of a write-up holds on the artifacts of its figures."""

from __future__ import annotations

from dataclasses import asdict

import pyarrow as pa

from tasks.claims.definitions import CLAIMS
from tasks.claims.evidence import Evidence
from tasks.claims.finding import NOT_MEASURABLE, NotMeasurable
from tasks.running.step import Step, StepResult, table_to_bytes


def check_claim(step: Step) -> StepResult:
    """params: claim, entries, and missing: why there are none, or null.

    Objects: measured.parquet, all that was measured, unless nothing could be. Metrics: the numbers
    that tell. Info: verdict, because, seeds, intervals.
    """
    if step.params["missing"] is not None:
        return _unmeasured(step.params["missing"])
    try:
        finding = CLAIMS[step.params["claim"]](Evidence.of_step(step))
    except NotMeasurable as error:
        return _unmeasured(str(error))
    return StepResult(
        objects={
            "measured.parquet": table_to_bytes(
                pa.Table.from_pylist([dict(row) for row in finding.measured])
            )
        },
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
    return StepResult(
        objects={},
        info={
            "verdict": NOT_MEASURABLE,
            "because": because,
            "numbers": [],
            "seeds": 0,
            "intervals": [],
        },
    )
