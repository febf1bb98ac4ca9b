"""The training loop: resumption, schedules of the rate, and every way it can end early."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from tasks import DeadlineReached, StepCancelled, TrainingFailed
from tasks.diffusion.networks.unet import CourseUNet
from tasks.diffusion.process.objectives import Denoiser, FlowMatching
from tasks.diffusion.process.trainer import ExponentialMovingAverage, Recipe, TrainingState, train
from tasks.diffusion.seeds import seeded_initialisation

IMAGES = torch.randint(
    0, 256, (40, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(40).remainder(10)
RECIPE = Recipe(batch_size=16, epochs=4, learning_rate=1e-2, seed=3, decay="exponential")


def _network() -> CourseUNet:
    with seeded_initialisation(3):
        return CourseUNet(2, "multiply", 10)


def _train(recipe=RECIPE, network=None, objective=None, **options) -> TrainingState:
    return train(
        network or _network(),
        objective or FlowMatching(10, 0.1),
        IMAGES,
        LABELS,
        recipe,
        **options,
    )


def _reloaded(state: TrainingState) -> TrainingState:
    return TrainingState.from_tensors(
        {name: tensor.clone() for name, tensor in state.to_tensors().items()}
    )


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        replace(RECIPE, ema_decay=0.9, max_shift=2, steps_per_epoch=5, horizontal_flip=True),
        replace(RECIPE, number_format="bfloat16"),
        replace(RECIPE, optimizer="muon"),
    ],
    ids=["plain", "ema, shifts, steps, flips", "bfloat16", "muon"],
)
@pytest.mark.parametrize("stop_after", [1, 3])
def test_interrupted_training_gives_identical_weights(recipe, stop_after):
    whole = _train(recipe)
    saved: list[TrainingState] = []

    with pytest.raises(StepCancelled):
        _train(
            recipe,
            on_epoch=lambda state: saved.append(_reloaded(state)),
            should_stop=lambda: len(saved) == stop_after,
        )
    resumed = _train(recipe, resume_from=saved[-1])

    assert len(saved) == stop_after
    assert resumed.weights.keys() == whole.weights.keys()
    for name, tensor in whole.weights.items():
        assert torch.equal(resumed.weights[name], tensor), name
    assert torch.equal(resumed.losses, whole.losses)


def test_same_seed_same_weights_and_another_seed_others():
    first, second = _train(), _train()
    other = _train(replace(RECIPE, seed=4))
    assert torch.equal(first.network["out.weight"], second.network["out.weight"])
    assert not torch.equal(first.network["out.weight"], other.network["out.weight"])


def test_global_random_state_plays_no_part():
    torch.manual_seed(1)
    first = _train()
    torch.manual_seed(2)
    second = _train()
    assert torch.equal(first.network["out.weight"], second.network["out.weight"])


def test_exponential_decay_is_a_tenth_over_all_epochs():
    recipe = replace(RECIPE, epochs=10)
    rates = [recipe.learning_rate_of(epoch) for epoch in range(11)]
    assert rates[0] == recipe.learning_rate
    assert rates[10] == pytest.approx(recipe.learning_rate / 10)
    assert rates[1] / rates[0] == pytest.approx(0.1 ** (1 / 10))


def test_every_image_is_seen_once_an_epoch():
    seen = []

    class Recorder(Denoiser):
        def loss(self, network, x, labels, generator):
            seen.append(labels)
            return super().loss(network, x, labels, generator)

    recipe = replace(RECIPE, epochs=1)
    train(CourseUNet(2), Recorder(0.5), IMAGES, torch.arange(40), recipe)
    assert [len(labels) for labels in seen] == [16, 16, 8]
    assert torch.cat(seen).sort().values.tolist() == list(range(40))


def test_steps_per_epoch_goes_round_the_data():
    state = _train(replace(RECIPE, steps_per_epoch=7))
    assert len(state.losses) == 4 * 7


def test_training_lowers_the_loss():
    images = torch.zeros(64, 28, 28, dtype=torch.uint8)
    images[:, 8:20, 8:20] = 255
    recipe = replace(RECIPE, epochs=20, decay="constant")
    state = train(CourseUNet(4), Denoiser(0.5), images, torch.zeros(64).long(), recipe)
    assert state.losses[-5:].mean() < 0.2 * state.losses[:5].mean()


class Failing(nn.Module):
    """A loss that multiplies, or is NaN, from a given call on."""

    def __init__(self, from_call: int, value: float):
        super().__init__()
        self.from_call, self.value, self.calls = from_call, value, 0

    def loss(self, network, x, labels, generator):
        self.calls += 1
        factor = self.value if self.calls > self.from_call else 1.0
        return network(x, torch.zeros(len(x)), torch.zeros(len(x), 10)).square().mean() * factor + (
            factor if self.calls > self.from_call else 1.0
        )


@pytest.mark.parametrize(("value", "message"), [(float("nan"), "non-finite"), (1e4, "diverged")])
def test_bad_loss_ends_in_a_clear_error_and_keeps_the_last_epoch(value, message):
    saved: list[TrainingState] = []
    with pytest.raises(TrainingFailed, match=message) as error:
        _train(objective=Failing(6, value), on_epoch=saved.append)
    assert "learning_rate" in str(error.value)
    assert [state.epoch for state in saved] == [1, 2]


def test_divergence_is_seen_in_the_first_epoch():
    with pytest.raises(TrainingFailed, match="diverged: the loss at the end of epoch 1"):
        _train(replace(RECIPE, epochs=1, steps_per_epoch=8), objective=Failing(2, 1e3))


def test_a_spike_at_the_start_is_not_divergence():
    class Spiking(Failing):
        def loss(self, network, x, labels, generator):
            loss = super().loss(network, x, labels, generator)
            return loss * (1e4 if self.calls == 2 else 1.0)

    recipe = replace(RECIPE, epochs=1, steps_per_epoch=8, learning_rate=1e-6)
    assert len(_train(recipe, objective=Spiking(10**6, 1.0)).losses) == 8


def test_deadline_names_where_training_stopped():
    saved: list[TrainingState] = []
    with pytest.raises(DeadlineReached, match="resumes after epoch"):
        _train(replace(RECIPE, epochs=10_000), on_epoch=saved.append, deadline_seconds=0.5)
    assert saved


def test_progress_reaches_the_total():
    seen = []
    _train(on_progress=lambda done, total, loss: seen.append((done, total)))
    assert seen[-1] == (12, 12)


def test_average_follows_the_weights_and_the_normalisation():
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    average = ExponentialMovingAverage(network, decay=0.99)
    start = network[0].weight.detach().clone()
    with torch.no_grad():
        network[0].weight.add_(1.0)
        network[1].running_mean.add_(1.0)
        network[1].num_batches_tracked.add_(1)
    average.update()
    # The first update has decay (1 + 0) / (10 + 0).
    torch.testing.assert_close(average.weights["0.weight"], start + 0.9)
    torch.testing.assert_close(average.weights["1.running_mean"], torch.tensor([0.9]))
    assert int(average.weights["1.num_batches_tracked"]) == 1
