"""Frechet distance between two sets of features (Heusel et al. 2017, eq. 6).

The features are those of our own digit classifier: Inception's say nothing about 28x28 digits. So
the values compare with each other and with the floor, never with published FIDs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Gaussian:
    """mean: [D], covariance: [D, D], both float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def fit(cls, features: Tensor) -> Gaussian:
        """To features [N, D], N >= 2, with the unbiased covariance."""
        if len(features) < 2:
            raise ValueError(f"a covariance needs two samples or more, got {len(features)}")
        x = features.double()
        return cls(x.mean(dim=0), torch.cov(x.T))


def frechet_distance(p: Gaussian, q: Gaussian) -> float:
    """|m_p - m_q|^2 + tr(C_p + C_q - 2 (C_p C_q)^(1/2)), at least 0.

    tr (C_p C_q)^(1/2) is taken as tr (A C_q A)^(1/2) with A = C_p^(1/2): a symmetric matrix, whose
    eigenvalues are real, so rounding cannot make the distance complex.
    """
    root = _square_root(p.covariance)
    cross = _square_root(root @ q.covariance @ root).trace()
    distance = (
        (p.mean - q.mean).square().sum() + p.covariance.trace() + q.covariance.trace() - 2 * cross
    )
    return max(float(distance), 0.0)


def _square_root(matrix: Tensor) -> Tensor:
    eigenvalues, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * eigenvalues.clamp(min=0).sqrt()) @ vectors.T
