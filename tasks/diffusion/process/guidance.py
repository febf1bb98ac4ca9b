"""Guidance towards a class: by the network, asked with and without it, or by a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tasks.diffusion.process.noise_schedules import NoiseSchedule


def guided_prediction(
    network: nn.Module, x: Tensor, t: Tensor, c: Tensor | None, guidance_scale: float
) -> Tensor:
    """Classifier-free: from the prediction for no class past that for class c.

    x: [batch, 1, height, width]; t: [batch]; c: [batch, num_classes] one-hot, or None for a network
    without classes (guidance_scale is then unused). Both predictions come from one batch of twice
    the rows; scales 0 and 1 need only one of them. Returns the shape of x, float32.
    """
    if c is None:
        return network(x, t).float()
    if guidance_scale in (0, 1):
        return network(x, t, c if guidance_scale else torch.zeros_like(c)).float()
    rows = network(
        torch.cat([x, x]), torch.cat([t, t]), torch.cat([torch.zeros_like(c), c])
    ).float()
    unconditional, conditional = rows.chunk(2)
    # Ho & Salimans 2022, eq. 6, guidance_scale = 1 + w
    return unconditional + guidance_scale * (conditional - unconditional)


@dataclass(frozen=True)
class ClassifierGuidance:
    """Called in place of guided_prediction: the unconditional estimate, led by a noise-aware
    classifier to log p(x_t) + guidance_scale * log p(y | x_t).

    time_unit: the network is told t * time_unit, the classifier t itself.
    """

    classifier: nn.Module
    schedule: NoiseSchedule
    time_unit: float = 1.0

    def __call__(
        self, network: nn.Module, x: Tensor, t: Tensor, c: Tensor | None, guidance_scale: float
    ) -> Tensor:
        """Shapes as guided_prediction's; t as the network is told it."""
        if c is None:
            raise ValueError("classifier guidance needs classes to lead to")
        eps = network(x, t, torch.zeros_like(c)).float()
        if guidance_scale == 0:
            return eps
        timestep = (t / self.time_unit).round()
        alpha_bar = self.schedule.alpha_bar[timestep.long().cpu()].float().to(x.device)
        sigma = (1 - alpha_bar).sqrt()[:, None, None, None]
        gradient = class_gradient(self.classifier, x, timestep, c)
        return eps - guidance_scale * sigma * gradient  # Dhariwal & Nichol 2021, eq. 14


def class_gradient(classifier: nn.Module, x: Tensor, t: Tensor, c: Tensor) -> Tensor:
    """grad of log p(y | x_t) by x_t, one image at a time; y as one-hot c. Shape of x, float32."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        log_probabilities = classifier(x, t).float().log_softmax(dim=1)
        # Each image has its own term in the sum, so one gradient holds them all.
        (gradient,) = torch.autograd.grad((log_probabilities * c).sum(), x)
    return gradient
