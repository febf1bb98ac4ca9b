"""Step of kind "denoise": a denoiser's checkpoint on the test images, at every noise level."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tasks import StepFailed
from tasks.diffusion.process.generate import to_uint8
from tasks.diffusion.seeds import named_generator
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.store.node import JSON
from tasks.training.model_parts import load_for_inference

BATCH_SIZE = 250


def denoise_test_set(step: Step) -> StepResult:
    """Objects: seed-<seed>.safetensors for each request: clean [n, 28, 28], noisy and output
    [S, n, 28, 28], all uint8, and sigmas [S] float32.

    Metrics: mse_<sigma> and psnr_<sigma> (dB, peak 1) over the whole test set. For a denoiser of
    pure noise, whose input holds no image: cosine_with_mean, of its outputs with the mean training
    image, and variance_ratio, variance among outputs over variance among images; the objects then
    hold one level of noise and also mean_image [28, 28].
    """
    arrays = step.read_tensors("data", "arrays.safetensors")
    test = arrays["test_images"]
    network = load_for_inference(step)
    sigmas: list[float] | None = step.params["sigmas"]
    beside: dict[str, Tensor] = {}
    if step.params["objective"]["kind"] == "pure_noise":
        mean_image = arrays["train_images"].float().div(255).mean(dim=0)
        outputs = _on_pure_noise(network, len(test), step)
        metrics = pure_noise_metrics(outputs, mean_image, arrays["train_images"])
        sigmas, beside = None, {"mean_image": to_uint8(mean_image[None, None])[0]}
    else:
        metrics = _on_every_sigma(network, test, step)
    return StepResult(
        objects={
            request_name(r): tensors_to_bytes(
                {**_example(network, test, r, sigmas, step), **beside}
            )
            for r in step.params["requests"]
        },
        metrics=metrics,
    )


def request_name(request: Mapping[str, JSON]) -> str:
    """Object name of a request's examples."""
    return f"seed-{request['seed']}.safetensors"


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of images in [0, 1], at most 120: a perfect match, whose
    ratio is infinite, has to remain a number in tables."""
    return -10 * math.log10(max(mse, 1e-12))


@torch.no_grad()
def mse_on(
    network: nn.Module, images: Tensor, sigma: float, seed: int, device: torch.device | str
) -> float:
    """Mean squared error of net(x + sigma * eps) over uint8 images [N, 28, 28]."""
    generator = named_generator(seed, "test noise", f"{sigma:g}")
    total = 0.0
    for batch in images.split(BATCH_SIZE):
        x = _unit(batch)
        z = x + sigma * torch.randn(x.shape, generator=generator)
        total += float((network(z.to(device)).cpu() - x).double().square().sum())
    return total / images.numel()


def pure_noise_metrics(outputs: Tensor, mean_image: Tensor, images: Tensor) -> dict[str, float]:
    """outputs: [N, 28, 28] in [0, 1]; mean_image: [28, 28]; images: [M, 28, 28] uint8."""
    cosine = torch.nn.functional.cosine_similarity(
        outputs.flatten(1), mean_image.flatten()[None], dim=1
    )
    data_variance = images.float().div(255).var(dim=0).mean()
    return {
        "cosine_with_mean": float(cosine.mean()),
        "variance_ratio": float(outputs.var(dim=0).mean() / data_variance),
    }


def _on_every_sigma(network: nn.Module, images: Tensor, step: Step) -> dict[str, float]:
    sigmas: list[float] = step.params["sigmas"]
    metrics = {}
    for done, sigma in enumerate(sigmas):
        mse = mse_on(network, images, sigma, step.seed, step.device)
        if not math.isfinite(mse):
            raise StepFailed(
                f"{step.name}: the output at sigma {sigma:g} is not finite; train the model with a "
                "lower learning_rate, or evaluate in float32 (--number-format float32)"
            )
        metrics[f"mse_{sigma:g}"] = mse
        metrics[f"psnr_{sigma:g}"] = psnr(mse)
        step.report(done + 1, len(sigmas), f"sigma {sigma:g}")
    return metrics


@torch.no_grad()
def _on_pure_noise(network: nn.Module, count: int, step: Step) -> Tensor:
    generator = named_generator(step.seed, "pure noise")
    outputs = []
    for start in range(0, count, BATCH_SIZE):
        rows = min(BATCH_SIZE, count - start)
        z = torch.randn(rows, 1, 28, 28, generator=generator)
        outputs.append(network(z.to(step.device)).cpu()[:, 0])
        step.report(start + rows, count, "pure noise")
    return torch.cat(outputs)


@torch.no_grad()
def _example(
    network: nn.Module,
    images: Tensor,
    request: Mapping[str, JSON],
    sigmas: list[float] | None,
    step: Step,
) -> dict[str, Tensor]:
    """A few test images, the same noise at every sigma; sigmas None stands for noise alone."""
    generator = named_generator(request["seed"], "examples")
    chosen = torch.randperm(len(images), generator=generator)[: request["digits"]]
    x = _unit(images[chosen])
    eps = torch.randn(x.shape, generator=generator)
    noisy = [eps] if sigmas is None else [x + sigma * eps for sigma in sigmas]
    return {
        "clean": images[chosen],
        "noisy": torch.stack([to_uint8(z) for z in noisy]),
        "output": torch.stack([to_uint8(network(z.to(step.device))) for z in noisy]),
        "sigmas": torch.tensor([float("nan")] if sigmas is None else sigmas),
    }


def _unit(images: Tensor) -> Tensor:
    return images.float().div(255)[:, None]
