"""Step of kind "choice": which of several tries is kept, by a stated score."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from tasks import StepCancelled, StepFailed
from tasks.data.masks import draw_mask
from tasks.diffusion.components import components_from_params
from tasks.diffusion.illusions import survivors
from tasks.diffusion.measures import seam_score
from tasks.diffusion.trajectories.one_step import alignment_scores
from tasks.diffusion.views import view_from_params
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes
from tasks.store.node import JSON
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.load import for_step
from tasks.text_to_image.steps.sampling import CountedNetwork, SamplingInputs, numbered_inputs


def choose_try(step: Step) -> StepResult:
    """params: score, and what it needs:

    "alignment": model and combination, those of the tries. The least of how well each prompt fits
        the picture as it is seen for it (Visual Anagrams, section 4.1); the highest is chosen.
        keep: of tries that ended in their estimate of x_0, so many may go on.
    "seam": mask. How visible the edge of the hole is; the lowest is chosen.

    Objects: image.png and trajectory.safetensors of the chosen try; scores.parquet, one row a try:
    try, seed, score, and for alignments alignment_<seen as>_<prompt>; with keep, kept.safetensors:
    x_t [keep, 3, size, size] and seed [keep] of those that go on. Info: chosen, its number; kept,
    theirs.
    Metrics: tries, best_score, median_score; for alignments unet_rows and CountedNetwork's.
    """
    roles = numbered_inputs(step, "try_", "tries")
    tries = [step.read_tensors(role, "trajectory.safetensors") for role in roles]
    pictures = [made["image"] for made in tries]
    kind = step.params["score"]
    rows = [step.inputs[role] for role in roles]
    columns: dict[str, list[Any]] = {
        "try": list(range(len(roles))),
        # One that goes on has the seed of the try that it went on with.
        "seed": [row.info.get("seed", row.seed) for row in rows],
    }
    metrics = {"tries": float(len(roles))}
    if kind == "alignment":
        matrices, used = _alignments(step, pictures)
        scores = [float(matrix.diagonal().min()) for matrix in matrices]
        seen, prompts = matrices[0].shape
        for i in range(seen):
            for j in range(prompts):
                columns[f"alignment_{i}_{j}"] = [float(matrix[i, j]) for matrix in matrices]
        metrics |= used
        better = max
    elif kind == "seam":
        mask = draw_mask(step.params["mask"], pictures[0].shape[-1])
        hole = torch.from_numpy(mask)[None].float()
        scores = [seam_score(picture, hole) for picture in pictures]
        better = min
    else:
        raise StepFailed(f"{step.name}: score is {kind!r}; expected alignment or seam")
    _check_finite(step, roles, scores)
    chosen = better(range(len(scores)), key=scores.__getitem__)
    columns["score"] = scores
    objects = {
        "scores.parquet": table_to_bytes(pa.table(columns)),
        "image.png": step.read(roles[chosen], "image.png"),
        "trajectory.safetensors": step.read(roles[chosen], "trajectory.safetensors"),
    }
    info: dict[str, Any] = {"chosen": chosen, "score": kind, "scores": scores}
    if "keep" in step.params:
        info["kept"] = kept = survivors(scores, int(step.params["keep"]))
        x_t = torch.stack([tries[i]["snapshots"][-1] for i in kept])
        seeds = torch.tensor([columns["seed"][i] for i in kept])
        objects["kept.safetensors"] = tensors_to_bytes({"x_t": x_t, "seed": seeds})
    return StepResult(
        objects=objects,
        metrics={
            **metrics,
            "best_score": scores[chosen],
            "median_score": statistics.median(scores),
        },
        info=info,
    )


def _check_finite(step: Step, roles: list[str], scores: list[float]) -> None:
    """No number is above or below NaN, so a try that has it could be kept by its place alone."""
    for number, (role, score) in enumerate(zip(roles, scores, strict=True)):
        if not math.isfinite(score):
            raise StepFailed(
                f"{step.name}: the score of try {number} (seed {step.inputs[role].seed}) is "
                f"{score}; its picture or the model's number format is wrong, try "
                "--number-format float32"
            )


def _alignments(step: Step, pictures: list[Tensor]) -> tuple[list[Tensor], dict[str, float]]:
    """For each picture, [seen, prompt], how well each way of seeing it fits each prompt."""
    stage = for_step(step, load_stage)
    inputs = SamplingInputs(stage)
    prompts, empty = torch.stack(inputs.prompts(step)), inputs.unconditional(step)
    if empty is None:
        raise StepFailed(f"{step.name}: alignment needs the unconditional prompt; plan it again")
    network = CountedNetwork(stage.unet, step.device)

    def score(picture: Tensor) -> Tensor:
        seen = seen_by_prompts(step.params["combination"], picture)
        return network.in_memory(
            lambda rows: alignment_scores(
                network,
                inputs.schedule,
                seen,
                prompts,
                empty,
                seed=step.seed,
                max_rows=rows,
                device=step.device,
            ),
            picture.shape[-1],
            step.name,
        )

    matrices = []
    for done, picture in enumerate(pictures):
        if step.should_stop():
            raise StepCancelled(f"{step.name}: stopped while tries were compared")
        matrices.append(score(picture))
        step.report(done + 1, len(pictures), "comparing tries")
    return matrices, {"unet_rows": float(network.rows), **network.metrics()}


def seen_by_prompts(combination: Mapping[str, JSON], picture: Tensor) -> Tensor:
    """The picture [3, size, size] as each prompt sees it, [prompt, 3, size, size].

    Views: in that view. Components: with those up to the prompt's own, the picture at the distance,
    say, from which the low pass is all that is left; the last prompt's is the picture itself.
    """
    size = picture.shape[-1]
    if combination["kind"] == "views":
        views = [view_from_params(view, size) for view in combination["views"]]
        return torch.stack([view.apply(picture) for view in views])
    if combination["kind"] == "single":
        return picture[None]
    params = {name: value for name, value in combination.items() if name != "kind"}
    decomposition = components_from_params(params, size)
    if combination["name"] == "scale":
        # Every prompt has the whole picture, and a share of its strength.
        return picture.expand(len(decomposition.parts), -1, -1, -1)
    seen, sum_so_far = [], torch.zeros_like(picture)[None]
    for name, part in decomposition.parts.items():
        sum_so_far = sum_so_far + part(picture[None])
        if name != decomposition.fixed:
            seen.append(sum_so_far[0])
    return torch.stack(seen)
