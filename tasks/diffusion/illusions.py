"""Ways to make one noise estimate of several prompts' that the plain mean of an illusion is not.

The mean of estimates that disagree is shorter than any of them, and the picture is left with noise
that nobody took out; and one prompt may win where both should be seen. Estimates: [n, B, 3, S, S]
for n prompts, each brought back from its view.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

RULES = ("mean", "rescaled", "alternating", "by_visibility")
"""How the estimates of an anagram's prompts become one."""

SHARPNESS = 2.0
"""Of the weights by visibility: a prompt whose gap is the mean gap larger weighs e^2 as much."""


def one_estimate(rule: str, eps: Tensor, gaps: Tensor, step: int) -> Tensor:
    """By one of RULES but the mean: [3, S, S] of one picture.

    eps: [n, 3, S, S], guided, each brought back from its view. gaps: [n], root mean square of what
    each prompt changes of the unconditional estimate; guidance follows the gradient of how well
    the picture fits (Ho & Salimans 2022, section 3.2), so a prompt that is seen already asks for
    little. step: steps taken so far.
    """
    if rule == "alternating":
        return alternating(eps, step)
    weights = None
    if rule == "by_visibility":
        weights = visibility_weights(-gaps[None] / gaps.mean().clamp(min=1e-6), SHARPNESS)
    return rescaled_mean(eps[:, None], weights)[0]


def correlations(eps: Tensor) -> Tensor:
    """rho_ij of the prompts' estimates over the values of each picture, [B, n, n]."""
    rows = eps.transpose(0, 1).flatten(2)
    rows = torch.nn.functional.normalize(rows - rows.mean(2, keepdim=True), dim=2)
    return rows @ rows.mT


def rescaled_mean(eps: Tensor, weights: Tensor | None = None) -> Tensor:
    """The weighted mean, brought back to the variance of one estimate: [B, 3, S, S].

    sum_i a_i eps_i / sqrt(sum_i a_i^2 + 2 sum_{i<j} rho_ij a_i a_j), the standard deviation of a
    sum of unit-variance terms with correlations rho (Xu et al. 2025, "Diffusion-based visual
    anagram as multi-task learning", noise variance rectification). weights: [n] or [B, n], summing
    to 1; equal by default. With estimates that agree it is the mean.
    """
    n, batch = eps.shape[:2]
    if weights is None:
        weights = torch.full((n,), 1 / n, device=eps.device)
    a = weights.to(eps).expand(batch, n)
    variance = torch.einsum("bi,bij,bj->b", a, correlations(eps), a)
    total = torch.einsum("bi,ib...->b...", a, eps)
    # Estimates that cancel leave nothing to bring back.
    return total / variance.clamp(min=1e-3).sqrt().view(-1, *[1] * (eps.dim() - 2))


def alternating(eps: Tensor, step: int) -> Tensor:
    """One prompt's estimate alone, the next one's at the next step: [B, 3, S, S]."""
    return eps[step % len(eps)]


def visibility_weights(fits: Tensor, sharpness: float) -> Tensor:
    """More weight to the prompt that is seen less so far, [B, n] summing to 1.

    fits: how well each prompt fits the picture as it is seen for it, [B, n], larger is better.
    sharpness: 0 weighs all alike; a prompt that fits worse by 1 / sharpness weighs e times as much.
    """
    return torch.softmax(-sharpness * fits, dim=1)


def survivors(scores: Sequence[float], keep: int) -> list[int]:
    """The tries that go on after a look half-way: the `keep` with the highest scores, in their
    order. Of equal ones the first. Raises ValueError unless 1 <= keep <= tries."""
    if not 1 <= keep <= len(scores):
        raise ValueError(f"keep is {keep}; expected 1 to {len(scores)}, the number of tries")
    ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    return sorted(ranked[:keep])
