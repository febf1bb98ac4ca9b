"""Classifier guidance against a case whose scores are known, and what the classifier learns."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tasks.diffusion.networks.classifiers import NoiseAwareClassifier
from tasks.diffusion.networks.inference import AutocastNetwork
from tasks.diffusion.process.guidance import ClassifierGuidance, class_gradient, guided_prediction
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.objectives import NoisyClassification
from tasks.diffusion.process.trainer import Recipe, train
from tasks.diffusion.seeds import seeded_initialisation

SCHEDULE = noise_schedule("linear", 200)
CENTRES = torch.tensor([-0.8, 0.5])
STD = 0.3


def _parts(x, t):
    """Of two equally likely classes N(centre, STD^2): log p(x_t | y) and its gradient, [B, 2]."""
    alpha_bar = SCHEDULE.alpha_bar[t.long()].float()[:, None]
    variance = alpha_bar * STD**2 + 1 - alpha_bar
    offset = x.flatten(1) - alpha_bar.sqrt() * CENTRES
    return -(offset**2) / (2 * variance), -offset / variance, (1 - alpha_bar).sqrt()


class TwoClasses(nn.Module):
    """The exact noise estimate: of the mixture for no class, of one part for a class."""

    def forward(self, x, t, c):
        log_likelihood, score, sigma = _parts(x, t)
        weights = torch.where(c.sum(dim=1, keepdim=True) > 0, c, log_likelihood.softmax(dim=1))
        return -(sigma * (weights * score).sum(dim=1, keepdim=True)).view(x.shape)


class ExactClassifier(nn.Module):
    def forward(self, x, t):
        return _parts(x, t)[0]


@pytest.mark.parametrize("guidance_scale", [0.0, 1.0, 3.0])
def test_with_an_exact_classifier_both_guidances_are_one(guidance_scale):
    # grad log p(y | x) = grad log p(x | y) - grad log p(x), which is what c - u stands for.
    x = torch.linspace(-2, 2, 40).view(-1, 1, 1, 1)
    t = torch.arange(1, 41).float() * 5
    c = torch.eye(2)[torch.arange(40) % 2]
    network = TwoClasses()
    by_classifier = ClassifierGuidance(ExactClassifier(), SCHEDULE)(
        network, x, t, c, guidance_scale
    )
    torch.testing.assert_close(
        by_classifier, guided_prediction(network, x, t, c, guidance_scale), rtol=1e-4, atol=1e-5
    )


def test_classifier_is_told_the_timestep_whatever_the_network_is_told():
    told = []

    class Reader(nn.Module):
        def forward(self, x, t):
            told.append(t.tolist())
            return _parts(x, t)[0]

    x, c = torch.zeros(2, 1, 1, 1), torch.eye(2)
    guided = ClassifierGuidance(Reader(), SCHEDULE, time_unit=1 / 200)
    guided(lambda x, t, c: torch.zeros_like(x), x, torch.tensor([3.0, 200.0]) / 200, c, 1.0)
    assert told == [[3.0, 200.0]]


def test_gradient_is_that_of_each_image_alone():
    with seeded_initialisation(0):
        classifier = NoiseAwareClassifier(4)
    x, t = torch.randn(3, 1, 28, 28), torch.tensor([1.0, 50.0, 200.0])
    c = torch.eye(10)[:3]
    together = class_gradient(classifier, x, t, c)
    alone = torch.cat(
        [class_gradient(classifier, x[i : i + 1], t[i : i + 1], c[i : i + 1]) for i in range(3)]
    )
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


def test_gradient_is_taken_though_sampling_needs_none():
    classifier = AutocastNetwork(NoiseAwareClassifier(4), "cpu", "float32")
    with torch.no_grad():
        x, t = torch.randn(2, 1, 28, 28), torch.tensor([3.0, 4.0])
        gradient = class_gradient(classifier, x, t, torch.eye(10)[:2])
    assert gradient.shape == x.shape and float(gradient.abs().max()) > 0
    assert not gradient.requires_grad


def test_guidance_without_classes_is_refused():
    guided = ClassifierGuidance(ExactClassifier(), SCHEDULE)
    with pytest.raises(ValueError, match="classes"):
        guided(TwoClasses(), torch.zeros(1, 1, 1, 1), torch.ones(1), None, 1.0)


def test_classifier_learns_more_of_little_noise_than_of_much():
    # Class 1 is a bar that lies, class 0 one that stands.
    labels = torch.arange(64) % 2
    images = torch.zeros(64, 28, 28, dtype=torch.uint8)
    images[labels == 1, 13:15, 6:22] = 200
    images[labels == 0, 6:22, 13:15] = 200
    with seeded_initialisation(0):
        classifier = NoiseAwareClassifier(4)
    recipe = Recipe(batch_size=32, epochs=1, learning_rate=5e-3, seed=0, steps_per_epoch=60)
    train(classifier, NoisyClassification(SCHEDULE), images, labels, recipe)
    generator = torch.Generator().manual_seed(0)
    correct = []
    for t in (1, 200):
        alpha_bar = float(SCHEDULE.alpha_bar[t])
        x_0 = 2 * images.float().div(255)[:, None] - 1
        eps = torch.randn(x_0.shape, generator=generator)
        x_t = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps
        with torch.no_grad():
            read = classifier(x_t, torch.full((64,), float(t))).argmax(dim=1)
        correct.append(float((read == labels).float().mean()))
    assert correct[0] == 1
    assert correct[1] < correct[0]
