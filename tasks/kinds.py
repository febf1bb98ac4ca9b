"""The kinds of step: what computes each, and what can change its result.

Read by the plan, so nothing here imports torch or Prefect; `function` is imported when a node of
that kind misses. Raise `code_version` whenever a change of code changes the artifact.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.step import Step, StepResult


@dataclass(frozen=True)
class Kind:
    """stage: the flow that runs it. function: "module:name", Step -> StepResult.
    libraries: distributions whose version can change the result.
    uses_accelerator: it runs on the device, in the device's number format.
    preflight: "module:name" of a cheap check of (params, data_root), made before any step of the
        run starts; it raises BadInput for what the step could only fail on later.
    """

    stage: str
    code_version: int
    function: str
    libraries: tuple[str, ...]
    uses_accelerator: bool = False
    preflight: str | None = None

    def load(self) -> Callable[[Step], StepResult]:
        """The function that computes a step of this kind."""
        return _import(self.function)

    def check(self, params: Mapping[str, Any], data_root: str | None) -> None:
        """Run the preflight, if there is one."""
        if self.preflight:
            _import(self.preflight)(params, data_root)


def _import(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)


STAGES = ("data", "train", "evaluate", "figures")
"""In the order they run; the report follows."""

KINDS: dict[str, Kind] = {
    "data": Kind(
        "data",
        1,
        "tasks.prepare_data:prepare_data",
        ("pillow", "scikit-learn"),
        preflight="tasks.data_sources:check_source",
    ),
    "train": Kind("train", 1, "tasks.train_model:train_model", ("torch",), True),
    "classifier": Kind("train", 1, "tasks.train_classifier:train_classifier", ("torch",), True),
    "sample": Kind("evaluate", 1, "tasks.sample_checkpoint:sample_checkpoint", ("torch",), True),
    "denoise": Kind("evaluate", 1, "tasks.denoise_test_set:denoise_test_set", ("torch",), True),
    "evaluate": Kind(
        "evaluate", 1, "tasks.evaluate_checkpoint:evaluate_checkpoint", ("torch",), True
    ),
    "guide": Kind("train", 1, "tasks.train_guide:train_guide", ("torch",), True),
    "variant": Kind("evaluate", 1, "tasks.sample_variant:sample_variant", ("torch",), True),
    "schedule": Kind("evaluate", 1, "tasks.tabulate_schedules:tabulate_schedules", ("torch",)),
    "network": Kind("evaluate", 1, "tasks.describe_network:describe_network", ("torch",)),
    "table": Kind("evaluate", 1, "tasks.collect_metrics:collect_metrics", ("pandas",)),
    "figure": Kind(
        "figures", 1, "tasks.draw_figure:draw_figure", ("matplotlib", "pillow", "numpy")
    ),
}
