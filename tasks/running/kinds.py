"""The kinds of step: what computes each, and what can change its result.

Read by the plan, so nothing here imports torch or Prefect; `function` is imported when a node of
that kind misses. Raise `code_version` whenever a change of code changes the artifact.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks import DarkroomError
    from tasks.running.step import Step, StepResult


@dataclass(frozen=True)
class Kind:
    """stage: the flow that runs it. function: "module:name", Step -> StepResult.
    libraries: distributions whose version can change the result.
    uses_accelerator: it runs on the device, in the device's number format.
    shares_cpu: where that device is the CPU, other steps need not wait: it may train for hours.
    preflight: "module:name" of a cheap check, made before any step of the run starts
        (Preflight); it raises BadInput for what the step could only fail on later.
    batch_function: "module:name", [Step] -> [StepResult | DarkroomError], in the same order: takes
        the place of `function` for kinds whose steps cost less together. An error is that of one
        step and leaves the others whole.
    batch_limit: at most so many steps together.
    one_at_a_time: its libraries are not safe in two threads of a process.
    """

    stage: str
    code_version: int
    function: str
    libraries: tuple[str, ...]
    uses_accelerator: bool = False
    shares_cpu: bool = False
    preflight: str | None = None
    batch_function: str | None = None
    batch_limit: int = 1
    one_at_a_time: bool = False

    def load(self) -> Callable[[Step], StepResult]:
        """The function that computes a step of this kind."""
        if self.batch_function is None:
            return import_function(self.function)
        together = self.load_batch()

        def alone(step: Step) -> StepResult:
            (result,) = together([step])
            if isinstance(result, Exception):
                raise result
            return result

        return alone

    def load_batch(self) -> Callable[[Sequence[Step]], Sequence[StepResult | DarkroomError]]:
        """The function that computes several steps of this kind at once."""
        assert self.batch_function is not None
        return import_function(self.batch_function)


def import_function(address: str) -> Any:
    """What "module:name" names."""
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)


Preflight = Callable[[Sequence[Mapping[str, Any]], "Surroundings"], None]
"""Given the parameters of all nodes it is to look at; raises BadInput."""


@dataclass(frozen=True)
class Surroundings:
    """What all steps of a run find.

    device: "cpu", "cuda" or "mps". project_root: the folder of pipelines.yaml, absolute, which
    relative addresses of models and images are relative to. data_root: where data sets of the
    hub's schema lie, or None. image_files: SHA-256 of each image file to where it lies.
    is_plan: nothing is to be made yet, so no network is asked and torch stays out.
    """

    device: str
    project_root: Path
    data_root: str | None = None
    image_files: Mapping[str, Any] = field(default_factory=dict)
    is_plan: bool = False


def check_before_making(
    nodes: Iterable[tuple[str, Mapping[str, Any]]], surroundings: Surroundings
) -> None:
    """nodes: kind and parameters of each that is to be made. Raises BadInput.

    Kinds that name one preflight are looked at together, so that it can say at once what all of
    them lack, and asks the hub once for a model that a hundred nodes use.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for kind, params in nodes:
        if address := KINDS[kind].preflight:
            groups.setdefault(address, []).append(params)
    for address, group in groups.items():
        preflight: Preflight = import_function(address)
        preflight(group, surroundings)


STAGES = ("data", "text_to_image", "train", "evaluate", "figures")
"""In the order they run, what needs no training first; the report follows. A figure is drawn in the
stage that makes the last of its inputs."""


def _pocket(stage: str, code_version: int, function: str) -> Kind:
    return Kind(
        stage,
        code_version,
        function,
        ("torch", "diffusers", "transformers", "pillow", "numpy"),
        uses_accelerator=True,
        shares_cpu=True,
        preflight="tasks.pocket.world.sources:check_sources",
    )


KINDS: dict[str, Kind] = {
    "data": Kind(
        "data",
        1,
        "tasks.data.datasets:prepare_data",
        ("pillow", "scikit-learn"),
        preflight="tasks.data.dataset_files:check_sources",
    ),
    "image": Kind(
        "data",
        1,
        "tasks.data.images:prepare_image",
        ("pillow",),
        preflight="tasks.data.images:check_images",
    ),
    "train": Kind("train", 2, "tasks.training.training:train_model", ("torch",), True),
    "classifier": Kind("train", 3, "tasks.training.classifiers:train_classifier", ("torch",), True),
    "pocket_stage_one": _pocket("train", 2, "tasks.pocket.train_pocket:train_stage_one"),
    "pocket_stage_two": _pocket("train", 3, "tasks.pocket.train_pocket:train_stage_two"),
    "pocket_reader": _pocket("train", 2, "tasks.pocket.train_pocket:train_reader"),
    "pocket_similarity": _pocket(
        "train", 2, "tasks.pocket.similarity.train_similarity:train_similarity"
    ),
    "pocket_measure": _pocket("evaluate", 2, "tasks.pocket.measure_pocket:measure_pocket"),
    "sample": Kind("evaluate", 2, "tasks.evaluation.samples:sample_checkpoint", ("torch",), True),
    "denoise": Kind("evaluate", 2, "tasks.evaluation.denoising:denoise_test_set", ("torch",), True),
    "evaluate": Kind(
        "evaluate", 2, "tasks.evaluation.samples:evaluate_checkpoint", ("torch",), True
    ),
    "guide": Kind("train", 3, "tasks.training.classifiers:train_guide", ("torch",), True),
    "variant": Kind("evaluate", 2, "tasks.evaluation.samples:sample_variant", ("torch",), True),
    "schedule": Kind("evaluate", 2, "tasks.training.descriptions:tabulate_schedules", ("torch",)),
    "network": Kind("evaluate", 1, "tasks.training.descriptions:describe_network", ("torch",)),
    "table": Kind("evaluate", 1, "tasks.evaluation.metrics_table:collect_metrics", ("pandas",)),
    "prompt": Kind(
        "text_to_image",
        1,
        "tasks.text_to_image.steps.encode_prompt:encode_prompt",
        ("torch", "transformers", "tokenizers"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
        batch_function="tasks.text_to_image.steps.encode_prompt:encode_prompts",
        batch_limit=64,
    ),
    "noised": Kind(
        "text_to_image",
        1,
        "tasks.text_to_image.steps.noisy_images:noise_image",
        ("torch", "pillow"),
        preflight="tasks.text_to_image.check_models:check_models",
    ),
    "blurred": Kind(
        "text_to_image", 1, "tasks.text_to_image.steps.noisy_images:blur_image", ("torch",)
    ),
    "one_step": Kind(
        "text_to_image",
        3,
        "tasks.text_to_image.steps.noisy_images:estimate_once",
        ("torch", "diffusers"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
    ),
    "trajectory": Kind(
        "text_to_image",
        3,
        "tasks.text_to_image.steps.sample:sample_trajectories",
        ("torch", "diffusers", "pillow"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
        batch_function="tasks.text_to_image.steps.sample:sample_trajectories",
        batch_limit=32,
    ),
    "upscale": Kind(
        "text_to_image",
        3,
        "tasks.text_to_image.steps.sample:upscale_images",
        ("torch", "diffusers", "pillow"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
        batch_function="tasks.text_to_image.steps.sample:upscale_images",
        batch_limit=16,
    ),
    "choice": Kind(
        "text_to_image",
        3,
        "tasks.text_to_image.steps.choose_try:choose_try",
        ("torch", "diffusers"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
    ),
    "similarity": Kind(
        "figures",
        1,
        "tasks.text_to_image.steps.measure_similarity:measure_similarity",
        ("torch", "transformers", "tokenizers", "pillow"),
        True,
        preflight="tasks.text_to_image.check_models:check_models",
    ),
    "listing": Kind("figures", 1, "tasks.writing.listings:record_listing", ()),
    "claim": Kind("figures", 1, "tasks.claims.definitions:check_claim", ("torch", "numpy")),
    "figure": Kind(
        "figures",
        4,
        "tasks.figures.draw_figure:draw_figure",
        ("matplotlib", "pillow", "numpy"),
        one_at_a_time=True,
    ),
}

_MEASURED = (
    "samples", "frechet_distance", "frechet_floor", "floor_images", "confidence", "class_share_?",
    "label_accuracy",
)  # fmt: skip
METRICS: Mapping[str, tuple[str, ...]] = {
    "data": ("train_images", "test_images"),
    "image": (),
    "train": ("final_loss", "images_per_second", "parameters", "training_seconds", "threads"),
    "classifier": ("test_accuracy", "train_accuracy"),
    "guide": ("guide_accuracy_*", "clean_accuracy_*"),
    "sample": ("network_evaluations",),
    "denoise": ("mse_*", "psnr_*", "cosine_with_mean", "variance_ratio"),
    "evaluate": _MEASURED,
    "variant": (
        *_MEASURED, "network_evaluations", "mean_pixel", "data_mean_pixel", "start_divergence",
    ),
    "schedule": ("terminal_snr_*",),
    "noised": ("psnr_*",),
    "blurred": ("psnr_*", "best_psnr_*", "best_sigma_*"),
    "listing": (),
    "figure": (),
}  # fmt: skip
"""Patterns of what the steps of a kind measure, of those kinds for which it is known beforehand."""
