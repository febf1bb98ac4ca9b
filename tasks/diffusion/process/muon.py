"""Muon: steps of matrices in which every direction is equally long, for training in few steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""a, b, c of a X + b (X X^T) X + c (X X^T)^2 X, which drives singular values towards 1; five times
brings them to within a third of it (Jordan et al. 2024)."""
ITERATIONS = 5

MOMENTUM = 0.95
MATCHED_TO_ADAM = 0.2
"""Root mean square of a step at rate 1, about that of Adam's (Liu et al. 2025, eq. 4)."""
ADAM_BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Muon(torch.optim.Optimizer):
    """W <- W - lr * 0.2 sqrt(max(rows, columns)) * orthogonal(momentum) (Jordan et al. 2024).

    Matrices are weights with more than one output and more than one input; those of a convolution
    have a row an output channel. All other parameters take the steps of Adam at the same rate, as
    gains, shifts and depthwise filters have no directions to make equal.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """closure: none is taken."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state.update(_fresh(parameter))
                if is_matrix(parameter):
                    _step_matrix(parameter, state, group["lr"])
                else:
                    _step_adam(parameter, state, group["lr"])


def is_matrix(weight: Tensor) -> bool:
    return weight.ndim >= 2 and min(weight.shape[:2]) > 1


def orthogonal(matrix: Tensor) -> Tensor:
    """The orthogonal matrix nearest to `matrix`, roughly: its singular values brought near 1.

    matrix: [rows, columns], float32. Same shape.
    """
    a, b, c = NEWTON_SCHULZ
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + EPSILON)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def _fresh(parameter: Tensor) -> dict[str, Any]:
    """Named as torch's Adam names its own."""
    state = {"exp_avg": torch.zeros_like(parameter)}
    if not is_matrix(parameter):
        state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] = torch.zeros(())
    return state


def _step_matrix(weight: Tensor, state: dict[str, Any], rate: float) -> None:
    assert weight.grad is not None
    momentum = state["exp_avg"].lerp_(weight.grad, 1 - MOMENTUM)
    # Nesterov's: the momentum as it will be after one more such gradient.
    matrix = weight.grad.lerp(momentum, MOMENTUM).flatten(1).float()
    scale = MATCHED_TO_ADAM * max(matrix.shape) ** 0.5
    weight.add_(orthogonal(matrix).view_as(weight), alpha=-rate * scale)


def _step_adam(parameter: Tensor, state: dict[str, Any], rate: float) -> None:
    gradient, (beta1, beta2) = parameter.grad, ADAM_BETAS
    assert gradient is not None
    state["step"] += 1
    steps = int(state["step"])
    mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
    square = state["exp_avg_sq"].lerp_(gradient.square(), 1 - beta2)
    # Kingma & Ba 2015, algorithm 1.
    divisor = (square / (1 - beta2**steps)).sqrt_().add_(EPSILON)
    parameter.addcdiv_(mean / (1 - beta1**steps), divisor, value=-rate)
