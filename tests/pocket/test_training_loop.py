"""The pocket model's training loop: exact resumption, schedule, failures."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tasks import StepCancelled, TrainingFailed
from tasks.pocket.training_loop import Phase, PhaseState, run_phase

PHASE = Phase("toy", steps=120, batch_size=8, learning_rate=1e-2, warm_up_steps=10)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1))


def loss_of(net: nn.Module):  # type: ignore[no-untyped-def]
    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        x = torch.randn(batch_size, 4, generator=generator)
        return (net(x) - x.sum(1, keepdim=True)).square().mean()

    return loss


def stop_after(steps: int, checkpoint: Path) -> None:
    """Train so far, and be told to stop."""
    net, calls = network(), iter(range(1, PHASE.steps))
    with pytest.raises(StepCancelled, match=f"after {steps} of 120 steps"):
        run_phase(
            PHASE, net, loss_of(net), seed=0, checkpoint=checkpoint,
            should_stop=lambda: next(calls) == steps,
        )  # fmt: skip


def train(checkpoint: Path) -> tuple[PhaseState, dict[str, Tensor]]:
    net = network()
    return run_phase(PHASE, net, loss_of(net), seed=0, checkpoint=checkpoint)


def test_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    _, expected = train(tmp_path / "a")
    stop_after(31, tmp_path / "b")
    state, weights = train(tmp_path / "b")
    assert state.step == 120
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("steps", [31, 50, 77])
def test_interrupted_training_reports_the_same_losses(tmp_path: Path, steps: int) -> None:
    whole, _ = train(tmp_path / "a")
    stop_after(steps, tmp_path / "b")
    resumed, _ = train(tmp_path / "b")
    assert len(whole.losses) == 2
    assert resumed.losses == whole.losses


def test_state_without_the_sum_of_its_window_reports_the_mean_of_the_rest(tmp_path: Path) -> None:
    first: list[float] = []
    net = network()

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        value = loss_of(net)(generator, batch_size)
        first.append(float(value.detach()))
        return value

    run_phase(PHASE, net, loss, seed=0, checkpoint=tmp_path / "a")
    stop_after(31, tmp_path / "b")
    tensors = load_file(tmp_path / "b")
    del tensors["window"], tensors["window_steps"]
    save_file(tensors, tmp_path / "b")
    resumed, _ = train(tmp_path / "b")
    assert resumed.losses[0] == pytest.approx(statistics.mean(first[31:50]), rel=1e-5)
    assert resumed.losses[1] == pytest.approx(statistics.mean(first[50:100]), rel=1e-5)


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
