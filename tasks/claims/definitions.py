"""Definitions of claims, found by their ids; and the step of kind "claim", which asks one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Generic, TypeVar

from tasks.claims.evidence import Evidence
from tasks.claims.finding import NOT_MEASURABLE, Finding, NotMeasurable
from tasks.running.step import Step, StepResult, table_to_bytes

F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[F]):
    """One function a claim, in the modules of a package; as a decorator, it registers one.

    The function is named as the claim is, with _ for -.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._functions: dict[str, F] = {}
        self._are_all_imported = False

    def __call__(self, function: F) -> F:
        """Raises ValueError for a second function of one claim."""
        claim_id = function.__name__.replace("_", "-")
        if claim_id in self._functions:
            raise ValueError(f"the claim {claim_id} has two functions in {self._package}")
        self._functions[claim_id] = function
        return function

    def all(self) -> Mapping[str, F]:
        """Every function by claim id."""
        if not self._are_all_imported:
            for module in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._are_all_imported = True
        return self._functions


claim: Registry[Callable[[Evidence], Finding]] = Registry("tasks.claims")
"""What a claim means here: what is measured, and when it holds. Read by the plan for the ids, so
no module of this room imports torch before it measures."""


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
