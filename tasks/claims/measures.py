"""What some claims measure of pictures and features."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.diffusion.measures import Gaussian, frechet_distance, illusion_scores
from tasks.diffusion.views import view_from_params
from tasks.store.node import JSON
from tasks.training.model_parts import build_schedule

CLAIMED_VIEWS: tuple[dict[str, JSON], ...] = (
    {"name": "skew"},
    {"name": "flip"},
    {"name": "rotate_90_cw"},
    {"name": "rotate_180"},
    {"name": "negate"},
)
"""Column roll, flip, rotation and negation."""


def laplacian_variance(picture: NDArray[np.floating]) -> float:
    """Variance of the 4-neighbour Laplacian of the mean over channels: how much fine detail there
    is. picture: [3, S, S], taken as it is shown, in [-1, 1]."""
    grey = np.clip(picture.astype(np.float64), -1, 1).mean(axis=0)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * grey[1:-1, 1:-1]).var())


def illusion_of(scores: NDArray[np.floating], logit_scale: float) -> tuple[float, float]:
    """Alignment A and concealment C of similarities [views, prompts]."""
    found = illusion_scores(torch.from_numpy(scores), 1 / logit_scale)
    return found.alignment, found.concealment


def view_errors(picture: NDArray[np.uint8], own: JSON) -> Iterator[tuple[str, float, float]]:
    """For the claimed views and the picture's own: name, the largest |inverse(view(x)) - x|, and
    | |view(x)| - |x| |. picture: [S, S, 3]."""
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1).double() / 127.5 - 1
    views = {view["name"]: view for view in CLAIMED_VIEWS} | {own["name"]: own}
    for name, params in views.items():
        view = view_from_params(params, x.shape[-1])
        seen = view.apply(x)
        difference = float((view.invert(seen) - x).abs().max())
        yield name, difference, abs(_norm(seen) - _norm(x))


def _norm(x: torch.Tensor) -> float:
    """Rounded once: the order of the pixels, which a view changes, must not show in it."""
    return math.sqrt(math.fsum(x.square().flatten().tolist()))


def frechet_of(features: NDArray[Any], reference: Mapping[str, NDArray[Any]]) -> float:
    """Frechet distance of features [n, d] to the training images of the classifier."""
    real = Gaussian(
        torch.from_numpy(np.array(reference["train_mean"])),
        torch.from_numpy(np.array(reference["train_covariance"])),
    )
    return frechet_distance(Gaussian.fit(torch.from_numpy(np.array(features))), real)


LONG_SCHEDULE: dict[str, JSON] = {
    "kind": "ddpm",
    "num_timesteps": 1000,
    "beta_start": 1e-4,
    "beta_end": 0.02,
}
"""Of Ho et al. 2020, whose x_T is taken for pure noise."""


def terminal_ratio(objective: JSON) -> float:
    """Signal-to-noise ratio of x_T, abar_T / (1 - abar_T), under the schedule of an objective."""
    alpha_bar = float(build_schedule(objective).alpha_bar[-1])
    return alpha_bar / (1 - alpha_bar)
