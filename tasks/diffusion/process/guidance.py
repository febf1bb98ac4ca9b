"""Guidance by the gradient of a noise-aware classifier (Dhariwal & Nichol 2021).

    grad log p_gamma(x_t | y) = grad log p(x_t) + gamma grad log p(y | x_t)

The score of x_t is -eps / sqrt(1 - abar_t), so in terms of the noise the network predicts,

    eps_gamma = eps(x_t) - gamma sqrt(1 - abar_t) grad log p(y | x_t)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tasks.diffusion.process.noise_schedules import NoiseSchedule


def guided_prediction(
    network: nn.Module, x: Tensor, t: Tensor, c: Tensor | None, guidance_scale: float
) -> Tensor:
    """u + guidance_scale * (p - u), with p the prediction for class c and u for no class.

    x: [B, 1, H, W]; t: [B]; c: [B, num_classes] one-hot, or None for a network without classes
    (guidance_scale is then unused). Both predictions come from one batch of 2B rows; scales 0 and
    1 need only one of them and cost B rows. Returns [B, 1, H, W], float32.
    """
    if c is None:
        return network(x, t).float()
    if guidance_scale == 0:
        return network(x, t, torch.zeros_like(c)).float()
    if guidance_scale == 1:
        return network(x, t, c).float()
    rows = network(
        torch.cat([x, x]), torch.cat([t, t]), torch.cat([torch.zeros_like(c), c])
    ).float()
    unconditional, conditional = rows.chunk(2)
    return unconditional + guidance_scale * (conditional - unconditional)


@dataclass(frozen=True)
class ClassifierGuidance:
    """Called in place of guided_prediction: the unconditional estimate, led by the classifier.

    time_unit: the network is told t * time_unit, the classifier t itself.
    """

    classifier: nn.Module
    schedule: NoiseSchedule
    time_unit: float = 1.0

    def __call__(
        self, network: nn.Module, x: Tensor, t: Tensor, c: Tensor | None, guidance_scale: float
    ) -> Tensor:
        """x: [B, 1, H, W]; t: [B], as the network is told it; c: [B, num_classes], one-hot.
        Returns the shape of x."""
        if c is None:
            raise ValueError("classifier guidance needs classes to lead to")
        eps = network(x, t, torch.zeros_like(c)).float()
        if guidance_scale == 0:
            return eps
        timestep = (t / self.time_unit).round()
        alpha_bar = self.schedule.alpha_bar[timestep.long().cpu()].float().to(x.device)
        sigma = (1 - alpha_bar).sqrt()[:, None, None, None]
        return eps - guidance_scale * sigma * class_gradient(self.classifier, x, timestep, c)


def class_gradient(classifier: nn.Module, x: Tensor, t: Tensor, c: Tensor) -> Tensor:
    """grad of log p(y | x_t) by x_t, one image at a time; y as one-hot c. Shape of x, float32."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        log_probabilities = classifier(x, t).float().log_softmax(dim=1)
        # Each image has its own term in the sum, so one gradient holds them all.
        (gradient,) = torch.autograd.grad((log_probabilities * c).sum(), x)
    return gradient
