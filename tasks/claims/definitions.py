"""Definitions of claims, found by their ids; and the step of kind "claim", which asks one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from tasks.claims.evidence import Evidence
from tasks.claims.finding import NOT_MEASURABLE, Finding, NotMeasurable
from tasks.claims.registry import Registry
from tasks.running.step import Step, StepResult, table_to_bytes
from tasks.writing.numbers import parse_comparison

claim: Registry[Callable[[Evidence], Finding]] = Registry("tasks.claims")
"""What a claim means here: what is measured, and when it holds."""


def check_claim(step: Step) -> StepResult:
    """params: claim, entries, and missing: why there are none, or null; and of a claim of the
    author's own compared: the comparison of metrics.

    Objects: measured.parquet, all that was measured, unless nothing could be. Metrics: the numbers
    that tell. Info: verdict, because, seeds, intervals.
    """
    import pyarrow as pa

    if step.params["missing"] is not None:
        return _unmeasured(step.params["missing"])
    try:
        evidence = Evidence.of_step(step)
        if "compared" in step.params:
            finding = compare_metrics(str(step.params["compared"]), evidence)
        else:
            finding = claim.all()[step.params["claim"]](evidence)
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


def compare_metrics(compared: str, evidence: Evidence) -> Finding:
    """Entries: node (a role) and its name. Raises NotMeasurable for a metric that is not there."""
    comparison = parse_comparison(compared)
    entries = {entry["name"]: entry for entry in evidence.entries}
    measured = {}
    for call in comparison.metrics:
        node, name = call.arguments
        metrics = evidence.metrics[entries[node]["node"]]
        full = name if name in metrics else f"{name}_distance"
        measured[call] = evidence.metric(entries[node], full if full in metrics else name)
    try:
        values = comparison.values(measured)
    except (ZeroDivisionError, OverflowError) as error:
        raise NotMeasurable("it divides by zero") from error
    signs = [*comparison.operators, ""]
    told = " ".join(f"{value:.4g} {sign}" for value, sign in zip(values, signs, strict=True))
    holds = comparison.holds(values)
    return Finding(
        holds=holds,
        because=f"{told.strip()} is {'so' if holds else 'not so'}",
        numbers={
            f"{call.arguments[1]} of {call.arguments[0]}": measured[call] for call in measured
        },
        seeds=evidence.count_seeds(),
        measured=[
            {"node": call.arguments[0], "metric": call.arguments[1], "value": value}
            for call, value in measured.items()
        ],
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
