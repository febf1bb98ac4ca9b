"""Losses, checked with networks that know the answer."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.objectives import (
    DDPM,
    Denoiser,
    FlowMatching,
    NoisePrediction,
    PureNoiseDenoiser,
    one_hot_with_dropout,
)
from tasks.diffusion.seeds import named_generator
from tests.diffusion.process.answer import Answer

X = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(64).remainder(10)


def _loss(objective, network) -> float:
    return float(objective.loss(network, X, LABELS, named_generator(0, "test")))


def test_denoiser_of_the_identity_loses_sigma_squared():
    assert _loss(Denoiser(0.5), Answer(lambda z: z)) == pytest.approx(0.25, rel=0.02)


def test_denoiser_that_knows_the_image_loses_nothing():
    assert _loss(Denoiser(0.5), Answer(lambda z: X)) == 0


def test_pure_noise_input_holds_nothing_of_the_image():
    network = Answer(lambda z: torch.zeros_like(z))
    _loss(PureNoiseDenoiser(), network)
    (z,) = network.seen[0]
    correlation = torch.corrcoef(torch.stack([z.flatten(), X.flatten()]))[0, 1]
    assert abs(float(correlation)) < 0.02
    assert float(z.std()) == pytest.approx(1, rel=0.02)


def test_ddpm_oracle_loses_nothing():
    schedule = noise_schedule("linear", 300)

    def oracle(x_t, t):
        alpha_bar = schedule.alpha_bar[(t * 300).round().long()][:, None, None, None].float()
        return (x_t - alpha_bar.sqrt() * X) / (1 - alpha_bar).sqrt()

    assert _loss(DDPM(schedule), Answer(oracle)) < 1e-6


def test_ddpm_times_are_t_over_T_for_t_from_1_to_T():
    network = Answer(lambda x_t, t: x_t)
    objective = DDPM(noise_schedule("linear", 4))
    for seed in range(20):
        objective.loss(network, X, LABELS, named_generator(seed, "test"))
    times = torch.cat([t for _, t in network.seen]).unique()
    torch.testing.assert_close(times, torch.tensor([0.25, 0.5, 0.75, 1.0]))


def test_flow_oracle_loses_nothing():
    def oracle(x_t, t):
        time = t[:, None, None, None]
        x_0 = (x_t - time * X) / (1 - time)
        return X - x_0

    assert _loss(FlowMatching(), Answer(oracle)) < 1e-6


def test_flow_times_fill_the_unit_interval():
    network = Answer(lambda x_t, t: x_t)
    for seed in range(20):
        FlowMatching().loss(network, X, LABELS, named_generator(seed, "test"))
    times = torch.cat([t for _, t in network.seen])
    assert 0 <= float(times.min()) < 0.01
    assert 0.99 < float(times.max()) <= 1
    assert float(times.mean()) == pytest.approx(0.5, abs=0.03)


def test_dropped_classes_are_rows_of_zeros():
    labels = torch.arange(20_000).remainder(10)
    c = one_hot_with_dropout(labels, 10, 0.1, named_generator(0, "drop"))
    kept = c.sum(dim=1)
    assert set(kept.tolist()) == {0.0, 1.0}
    assert float((kept == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert torch.equal(c[kept == 1].argmax(dim=1), labels[kept == 1])


def test_class_objectives_pass_the_class():
    network = Answer(lambda x_t, t, c: x_t)
    _loss(FlowMatching(num_classes=10, p_uncond=0.0), network)
    assert torch.equal(network.seen[0][2].argmax(dim=1), LABELS)


def test_one_generator_gives_one_loss():
    network = Answer(lambda x_t, t: x_t)
    assert _loss(FlowMatching(), network) == _loss(FlowMatching(), network)


SCHEDULE = noise_schedule("linear", 200)


def _noise_loss(network, **options):
    objective = NoisePrediction(SCHEDULE, **options)
    return float(objective.loss(network, X, LABELS, named_generator(0, "test")))


def _noise_oracle(x_t, t):
    alpha_bar = SCHEDULE.alpha_bar[t.long()][:, None, None, None].float()
    return (x_t - alpha_bar.sqrt() * (2 * X - 1)) / (1 - alpha_bar).sqrt()


@pytest.mark.parametrize("loss_name", ["l1", "l2", "huber"])
def test_network_that_knows_the_image_in_minus_one_to_one_loses_nothing(loss_name):
    assert _noise_loss(Answer(_noise_oracle), loss_name=loss_name) < 1e-5


@pytest.mark.parametrize(
    ("loss_name", "expected"),
    # Of a standard normal: E|e| = sqrt(2/pi), E e^2 = 1, and Huber's by numerical integration.
    [("l1", 0.7979), ("l2", 1.0), ("huber", 0.4247)],
)
def test_network_that_says_zero_loses_the_moment_of_the_noise(loss_name, expected):
    loss = _noise_loss(Answer(lambda x_t, t: torch.zeros_like(x_t)), loss_name=loss_name)
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
