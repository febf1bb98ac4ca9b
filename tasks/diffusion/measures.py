"""Measures of pictures and of sets of pictures. Pictures are in [-1, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks import BadInput

LEVELS_PER_UNIT = 127.5
"""8-bit levels in one unit of [-1, 1]."""


def psnr(pictures: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, of pictures as they are shown: clipped to [-1, 1].

    pictures, clean: [batch, 3, size, size]. Returns [batch]; infinite for equal pictures.
    """
    error = (pictures.clamp(-1, 1) - clean.clamp(-1, 1)).flatten(1).square().mean(dim=1)
    return 10 * (4 / error).log10()


def root_mean_square_distance(picture: Tensor, other: Tensor) -> float:
    """Of two pictures of one shape, in units of [-1, 1]: SDEdit's faithfulness (Meng et al.
    2022)."""
    return float((picture - other).square().mean().sqrt())


def kept_difference(picture: Tensor, original: Tensor, mask: Tensor) -> float:
    """The largest difference where nothing was to change, in 8-bit levels.

    picture, original: [3, size, size]; mask: [1, size, size], 1 where new content is wanted. 0 if
    nothing is kept.
    """
    difference = ((1 - mask.float()) * (picture - original)).abs()
    return float(difference.max()) * LEVELS_PER_UNIT


def seam_score(picture: Tensor, mask: Tensor) -> float:
    """How visible the edge of a filled hole is: jumps across it over the jumps right beside it.

    picture: [3, size, size]; mask: [1, size, size], 1 in the hole. The mean absolute difference of
    neighbouring pixels on two sides of the edge, divided by that of the next pairs to each side of
    it on the same line. 1 where the edge cannot be told from its surroundings; lower is better.
    """
    across, beside = [], []
    is_hole = mask[0] > 0.5
    for x, hole in ((picture, is_hole), (picture.mT, is_hole.mT)):
        jump = (x[..., 1:] - x[..., :-1]).abs().mean(dim=0)
        is_edge = hole[:, 1:] != hole[:, :-1]
        is_beside = torch.zeros_like(is_edge)
        is_beside[:, 1:] |= is_edge[:, :-1]
        is_beside[:, :-1] |= is_edge[:, 1:]
        across.append(jump[is_edge])
        beside.append(jump[is_beside & ~is_edge])
    if not torch.cat(across).numel() or not torch.cat(beside).numel():
        raise BadInput("mask: a seam needs kept pixels as well as new ones; draw a smaller mask")
    # Half an 8-bit level: a perfectly flat surrounding must not make any edge infinitely bad.
    floor = 0.5 / LEVELS_PER_UNIT
    return float(torch.cat(across).mean() + floor) / float(torch.cat(beside).mean() + floor)


@dataclass(frozen=True)
class Gaussian:
    """mean: [feature], covariance: [feature, feature], both float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def fit(cls, features: Tensor) -> Gaussian:
        """With the unbiased covariance. features: [sample, feature], two samples or more."""
        if len(features) < 2:
            raise ValueError(f"a covariance needs two samples or more, got {len(features)}")
        x = features.double()
        return cls(x.mean(dim=0), torch.cov(x.T))


def frechet_distance(p: Gaussian, q: Gaussian) -> float:
    """Between two sets of features, at least 0.

    The features are those of our own digit classifier: Inception's say nothing about 28x28 digits.
    So the values compare with each other and with the floor, never with published FIDs. tr (C_p
    C_q)^(1/2) is taken as tr (A C_q A)^(1/2) with A = C_p^(1/2): a symmetric matrix, whose
    eigenvalues are real, so rounding cannot make the distance complex.
    """
    root = _square_root(p.covariance)
    cross = _square_root(root @ q.covariance @ root).trace()
    distance = (  # Heusel et al. 2017, eq. 6
        (p.mean - q.mean).square().sum() + p.covariance.trace() + q.covariance.trace() - 2 * cross
    )
    return max(float(distance), 0.0)


def _square_root(matrix: Tensor) -> Tensor:
    eigenvalues, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * eigenvalues.clamp(min=0).sqrt()) @ vectors.T


@dataclass(frozen=True)
class IllusionScores:
    """alignment: how well the worst view fits its prompt. concealment: how well views and prompts
    tell each other apart, in [0, 1]."""

    alignment: float
    concealment: float


def illusion_scores(scores: Tensor, temperature: float) -> IllusionScores:
    """Of one anagram (Geng et al. 2024, Visual Anagrams, section 4.1).

    scores: [view, prompt], of each view of the picture. temperature: in the units of scores.
    """
    by_row, by_column = (
        (scores / temperature).softmax(dim=dim).diagonal().mean() for dim in (1, 0)
    )
    return IllusionScores(
        alignment=float(scores.diagonal().min()), concealment=float((by_row + by_column) / 2)
    )
