"""The noise-prediction loss, checked with networks that know the answer."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.objectives import NoisePrediction
from tasks.diffusion.seeds import named_generator
from tests.diffusion.answer import Answer

SCHEDULE = noise_schedule("linear", 200)
X = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(64).remainder(10)


def _loss(network, **options):
    objective = NoisePrediction(SCHEDULE, **options)
    return float(objective.loss(network, X, LABELS, named_generator(0, "test")))


def _oracle(x_t, t):
    alpha_bar = SCHEDULE.alpha_bar[t.long()][:, None, None, None].float()
    return (x_t - alpha_bar.sqrt() * (2 * X - 1)) / (1 - alpha_bar).sqrt()


@pytest.mark.parametrize("loss_name", ["l1", "l2", "huber"])
def test_network_that_knows_the_image_in_minus_one_to_one_loses_nothing(loss_name):
    assert _loss(Answer(_oracle), loss_name=loss_name) < 1e-5


@pytest.mark.parametrize(
    ("loss_name", "expected"),
    # Of a standard normal: E|e| = sqrt(2/pi), E e^2 = 1, and Huber's by numerical integration.
    [("l1", 0.7979), ("l2", 1.0), ("huber", 0.4247)],
)
def test_network_that_says_zero_loses_the_moment_of_the_noise(loss_name, expected):
    loss = _loss(Answer(lambda x_t, t: torch.zeros_like(x_t)), loss_name=loss_name)
    assert loss == pytest.approx(expected, rel=0.02)


def test_times_are_the_integers_from_1_to_T():
    network = Answer(lambda x_t, t: x_t)
    objective = NoisePrediction(noise_schedule("linear", 4))
    for seed in range(10):
        objective.loss(network, X, LABELS, named_generator(seed, "test"))
    times = torch.cat([t for _, t in network.seen]).unique()
    assert times.tolist() == [1, 2, 3, 4]


def test_classes_are_dropped_in_the_asked_share():
    network = Answer(lambda x_t, t, c: x_t)
    objective = NoisePrediction(SCHEDULE, num_classes=10, p_uncond=0.25)
    for seed in range(40):
        objective.loss(network, X, LABELS, named_generator(seed, "test"))
    classes = torch.cat([c for *_, c in network.seen])
    assert float((classes.sum(dim=1) == 0).float().mean()) == pytest.approx(0.25, abs=0.03)
