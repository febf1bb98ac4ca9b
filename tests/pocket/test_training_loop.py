"""The pocket model's training loop: exact resumption, schedule, failures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tasks.errors import StepCancelled, TrainingFailed
from tasks.pocket.training_loop import Phase, run_phase

PHASE = Phase("toy", steps=120, batch_size=8, learning_rate=1e-2, warm_up_steps=10)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1))


def loss_of(net: nn.Module):  # type: ignore[no-untyped-def]
    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        x = torch.randn(batch_size, 4, generator=generator)
        return (net(x) - x.sum(1, keepdim=True)).square().mean()

    return loss


def test_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = network()
    _, expected = run_phase(PHASE, whole, loss_of(whole), seed=0, checkpoint=tmp_path / "a")

    first = network()
    calls = iter(range(1000))
    with pytest.raises(StepCancelled, match="after 31 of 120 steps"):
        run_phase(
            PHASE, first, loss_of(first), seed=0, checkpoint=tmp_path / "b",
            should_stop=lambda: next(calls) == 30,
        )  # fmt: skip
    second = network()
    state, weights = run_phase(PHASE, second, loss_of(second), seed=0, checkpoint=tmp_path / "b")
    assert state.step == 120
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=0, atol=0)


def test_finished_training_is_not_repeated(tmp_path: Path) -> None:
    net = network()
    run_phase(PHASE, net, loss_of(net), seed=0, checkpoint=tmp_path / "a")

    def never(generator: torch.Generator, batch_size: int) -> Tensor:
        raise AssertionError("a step was taken")

    state, _ = run_phase(PHASE, network(), never, seed=0, checkpoint=tmp_path / "a")
    assert state.step == PHASE.steps


def test_the_loss_falls(tmp_path: Path) -> None:
    net = network()
    state, _ = run_phase(PHASE, net, loss_of(net), seed=0, checkpoint=tmp_path / "a")
    assert state.losses[-1] < 0.5 * state.losses[0]


def test_the_rate_rises_then_falls_to_its_final_fraction() -> None:
    phase = Phase("p", 100, 1, 1.0, warm_up_steps=10, final_fraction=0.1)
    rates = [phase.rate(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.1)


def test_a_loss_that_is_no_number_ends_training_with_what_to_do(tmp_path: Path) -> None:
    net = network()

    def broken(generator: torch.Generator, batch_size: int) -> Tensor:
        return net(torch.full((1, 4), float("nan"))).sum()

    with pytest.raises(TrainingFailed, match="lower learning_rate"):
        run_phase(PHASE, net, broken, seed=0, checkpoint=tmp_path / "a")
