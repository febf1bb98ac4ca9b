"""Muon: which weights are matrices, and how they and all others step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tasks.diffusion.process.muon import ITERATIONS, NEWTON_SCHULZ, Muon, is_matrix, orthogonal

SHAPES = [(16, 144), (144, 16), (32, 32), (16, 9), (32, 288)]


def _matrices() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def test_singular_values_come_near_one():
    for matrix in orthogonal(_matrices()):
        values = torch.linalg.svdvals(matrix)
        assert float(values.min()) > 0.6 and float(values.max()) < 1.3


@pytest.mark.parametrize("rank", [32, 3])
def test_iteration_is_that_of_the_paper(rank):
    a, b, c = NEWTON_SCHULZ
    for matrix in _matrices():
        left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
        # As gradients are: some directions a hundred times shorter than others, or not there.
        values = values * torch.logspace(0, -2, len(values))
        values[rank:] = 0
        x = matrix = left @ values.diag() @ right
        x = x / x.norm()
        for _ in range(ITERATIONS):
            x = a * x + b * (x @ x.T) @ x + c * (x @ x.T) @ (x @ x.T) @ x
        (found,) = orthogonal([matrix.float()])
        torch.testing.assert_close(found.double(), x, atol=2e-3, rtol=0)


def test_matrices_have_no_part_in_each_other():
    together = orthogonal(_matrices())
    for matrix, found in zip(_matrices(), together, strict=True):
        torch.testing.assert_close(orthogonal([matrix])[0], found)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Conv2d(8, 4, 3), True),
        (nn.Linear(10, 4), True),
        (nn.Conv2d(1, 8, 3), False),
        (nn.Conv2d(8, 8, 7, groups=8), False),
        (nn.Linear(1, 4), False),
        (nn.BatchNorm2d(8), False),
    ],
)
def test_only_weights_with_several_inputs_and_outputs_are_matrices(layer, expected):
    assert is_matrix(layer.weight) == expected


def _stepped(start: torch.Tensor, gradients, rate: float = 0.01) -> torch.Tensor:
    parameter = nn.Parameter(start.clone())
    optimizer = Muon([parameter], lr=rate)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    return parameter.detach() - start


def test_step_of_a_matrix_has_the_declared_size_whatever_the_gradients():
    generator = torch.Generator().manual_seed(0)
    start, gradient = torch.randn(2, 16, 8, 3, 3, generator=generator)
    step = _stepped(start, [gradient])
    assert float(step.square().mean().sqrt()) == pytest.approx(0.01 * 0.2, rel=0.25)
    torch.testing.assert_close(_stepped(start, [1000 * gradient]), step)


def test_other_parameters_step_as_adam_does():
    generator = torch.Generator().manual_seed(0)
    start, *gradients = torch.randn(6, 12, generator=generator)
    parameter = nn.Parameter(start.clone())
    optimizer = torch.optim.Adam([parameter], lr=0.01)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    torch.testing.assert_close(_stepped(start, gradients), parameter.detach() - start)
