"""Muon: steps of matrices in which every direction is equally long, for training in few steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

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
            trained = [each for each in group["params"] if each.grad is not None]
            for parameter in trained:
                if not self.state[parameter]:
                    self.state[parameter] = _fresh(parameter)
            matrices = [each for each in trained if is_matrix(each)]
            _step_matrices(matrices, [self.state[each] for each in matrices], group["lr"])
            others = [each for each in trained if not is_matrix(each)]
            _step_adam(others, [self.state[each] for each in others], group["lr"])


def is_matrix(weight: Tensor) -> bool:
    return weight.ndim >= 2 and min(weight.shape[:2]) > 1


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """The orthogonal matrix nearest to each, roughly: its singular values brought near 1.

    matrices: [rows, columns] each, float32. Same shapes, each a number of its own times what the
    iteration makes of the matrix divided by its norm.

    Every step of the iteration is a polynomial of G = X X^T times X, and all of them commute. So
    they are multiplied with each other as small square matrices, those of one size together, and
    only their product with X.
    """
    wide = [each.T if each.shape[0] > each.shape[1] else each for each in matrices]
    found: dict[int, Tensor] = {}
    for size in {len(each) for each in wide}:
        places = [place for place, each in enumerate(wide) if len(each) == size]
        factors = _factors(torch.stack([wide[place] @ wide[place].T for place in places]))
        found |= {
            place: factor @ wide[place] for place, factor in zip(places, factors, strict=True)
        }
    return [
        found[place].T if each.shape[0] > each.shape[1] else found[place]
        for place, each in enumerate(matrices)
    ]


def _factors(gram: Tensor) -> Tensor:
    """What `orthogonal` multiplies each matrix X by, from its X X^T. [matrix, rows, rows] both."""
    a, b, c = NEWTON_SCHULZ
    norm = gram.diagonal(dim1=1, dim2=2).sum(1).sqrt_().add_(EPSILON)[:, None, None]
    gram = gram / norm.square()
    factors: Tensor | None = None
    for iteration in range(ITERATIONS):
        # a I + b G + c G^2
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        polynomial.diagonal(dim1=1, dim2=2).add_(a)
        factors = polynomial if factors is None else polynomial @ factors
        if iteration + 1 < ITERATIONS:
            gram = polynomial @ gram @ polynomial
    assert factors is not None
    return factors / norm


def _fresh(parameter: Tensor) -> dict[str, Tensor]:
    """Named as torch's Adam names its own."""
    state = {"exp_avg": torch.zeros_like(parameter)}
    if not is_matrix(parameter):
        state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] = torch.zeros(())
    return state


def _step_matrices(
    weights: Sequence[Tensor], states: Sequence[dict[str, Tensor]], rate: float
) -> None:
    if not weights:
        return
    gradients = _gradients(weights)
    momenta = [state["exp_avg"] for state in states]
    torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
    # Nesterov's: the momentum as it will be after one more such gradient.
    ahead = torch._foreach_lerp(gradients, momenta, MOMENTUM)
    steps = orthogonal([each.flatten(1).float() for each in ahead])
    for weight, step in zip(weights, steps, strict=True):
        scale = MATCHED_TO_ADAM * max(step.shape) ** 0.5
        weight.add_(step.view_as(weight), alpha=-rate * scale)


def _step_adam(
    parameters: Sequence[Tensor], states: Sequence[dict[str, Tensor]], rate: float
) -> None:
    if not parameters:
        return
    # Kingma & Ba 2015, algorithm 1.
    adam(
        list(parameters),
        _gradients(parameters),
        [state["exp_avg"] for state in states],
        [state["exp_avg_sq"] for state in states],
        [],
        [state["step"] for state in states],
        fused=True,
        amsgrad=False,
        beta1=ADAM_BETAS[0],
        beta2=ADAM_BETAS[1],
        lr=rate,
        weight_decay=0.0,
        eps=EPSILON,
        maximize=False,
    )


def _gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    return [each.grad for each in parameters if each.grad is not None]
