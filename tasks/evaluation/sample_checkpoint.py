"""Step of kind "sample": all pictures that figures need of one checkpoint, in one go."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tasks.diffusion.process.generate import Generated, Request, generate, to_uint8
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.store.node import JSON
from tasks.training.model_parts import build_sampler, load_for_inference, pixel_range


def sample_checkpoint(step: Step) -> StepResult:
    """Objects: one <request>.safetensors for each request, with images [n, 28, 28] uint8 (rows of
    the grid, one after the other), frames [K, n, 28, 28] uint8 and times [K] float32; and, of a
    model whose pixels are not in [0, 1], rescaled, the images between their own extremes.

    A class-conditioned model draws class j in column j. Metrics: network_evaluations a request.
    """
    num_classes = step.params["network"]["num_classes"]
    guidance_scale = step.params["sampler"]["guidance_scale"]
    sampler = build_sampler(step.params)
    wanted = step.params["requests"]
    generated = generate(
        load_for_inference(step),
        sampler,
        [grid_request(request, num_classes) for request in wanted],
        num_classes=num_classes,
        guidance_scale=guidance_scale,
        pixel_range=pixel_range(step.params),
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )
    return StepResult(
        objects={
            request_name(request): tensors_to_bytes(_grid(step, result))
            for request, result in zip(wanted, generated, strict=True)
        },
        metrics={"network_evaluations": sampler.num_steps * sampler.evaluations_per_step},
    )


def _grid(step: Step, result: Generated) -> dict[str, Tensor]:
    grid = {"images": result.images, "frames": result.frames, "times": result.times}
    if pixel_range(step.params) != (0.0, 1.0):
        values = result.values
        extremes = (float(values.min()), float(values.max()))
        grid["rescaled"] = to_uint8(values[:, None], extremes)
    return grid


def request_name(request: Mapping[str, JSON]) -> str:
    """Object name of a request's grid."""
    return f"seed-{request['seed']}-{request['rows']}x{request['columns']}.safetensors"


def grid_request(request: Mapping[str, JSON], num_classes: int) -> Request:
    """The images of a grid, a column a class where there are classes."""
    rows, columns = request["rows"], request["columns"]
    labels = torch.arange(columns).remainder(num_classes).repeat(rows) if num_classes else None
    return Request(request["seed"], rows * columns, labels, request["frames"])
