"""Batched sampling: guidance, seeds, frames, and independence of neighbours."""

from __future__ import annotations

import pytest
import torch

from tasks import StepCancelled, StepFailed
from tasks.diffusion.networks.inference import InferenceNetwork
from tasks.diffusion.networks.unet import CourseUNet
from tasks.diffusion.process.generate import BATCH_ROWS, BLOCK_ROWS, Request, generate
from tasks.diffusion.process.guidance import guided_prediction
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.samplers import AncestralSampler, FlowSampler
from tasks.diffusion.seeds import seeded_initialisation

EULER = FlowSampler("euler", 4)


@pytest.fixture(scope="module")
def trained_network():
    """A network whose normalisation statistics are not the initial ones."""
    with seeded_initialisation(0):
        network = CourseUNet(4, "add", 10)
    network.train()
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        network(
            3 * torch.randn(16, 1, 28, 28, generator=generator) + 1,
            torch.rand(16, generator=generator),
            torch.eye(10)[torch.randint(0, 10, (16,), generator=generator)],
        )
    return network


@pytest.fixture(scope="module")
def network(trained_network):
    return InferenceNetwork(trained_network, "cpu", "float32")


def _labels(count):
    return torch.arange(count).remainder(10)


def test_folded_network_equals_the_network_in_eval_mode(trained_network, network):
    x, t, c = torch.randn(4, 1, 28, 28), torch.rand(4), torch.eye(10)[:4]
    trained_network.eval()
    with torch.no_grad():
        expected = trained_network(x, t, c)
    trained_network.train()
    torch.testing.assert_close(network(x, t, c), expected, rtol=1e-4, atol=1e-4)


def test_bfloat16_tells_all_ddpm_times_apart(trained_network):
    network = InferenceNetwork(trained_network, "cpu", "bfloat16")
    seen = []
    network.network.time1.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0]))
    t = torch.arange(1, 301) / 300
    network(torch.zeros(300, 1, 28, 28), t, torch.zeros(300, 10))
    assert len(seen[0].unique()) == 300


def test_non_finite_samples_are_an_error(network):
    class Broken(torch.nn.Module):
        def forward(self, x, *conditions):
            return x * float("nan")

    with pytest.raises(StepFailed, match="non-finite"):
        generate(Broken(), EULER, [Request(seed=0, count=2)])


def test_folding_leaves_the_original_in_training_mode(trained_network, network):
    assert trained_network.training
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in trained_network.modules())


def test_prediction_for_an_image_does_not_depend_on_its_batch(network):
    x, t, c = torch.randn(8, 1, 28, 28), torch.rand(8), torch.eye(10)[:8]
    torch.testing.assert_close(
        network(x, t, c)[:1], network(x[:1], t[:1], c[:1]), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("guidance_scale", [0.0, 0.5, 1.0, 5.0])
def test_guidance_is_the_formula(network, guidance_scale):
    x, t, c = torch.randn(3, 1, 28, 28), torch.rand(3), torch.eye(10)[:3]
    unconditional, conditional = network(x, t, torch.zeros_like(c)), network(x, t, c)
    torch.testing.assert_close(
        guided_prediction(network, x, t, c, guidance_scale),
        unconditional + guidance_scale * (conditional - unconditional),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(("guidance_scale", "rows"), [(0.0, 3), (1.0, 3), (5.0, 6)])
def test_guidance_asks_the_network_once(network, guidance_scale, rows):
    calls = []
    handle = network.network.register_forward_pre_hook(
        lambda module, inputs: calls.append(len(inputs[0]))
    )
    guided_prediction(
        network, torch.randn(3, 1, 28, 28), torch.rand(3), torch.eye(10)[:3], guidance_scale
    )
    handle.remove()
    assert calls == [rows]


@pytest.mark.parametrize("sampler", [EULER, AncestralSampler(noise_schedule("linear", 6))])
def test_images_do_not_depend_on_neighbours(network, sampler):
    mine = Request(seed=7, count=12, labels=_labels(12))
    others = Request(seed=8, count=BLOCK_ROWS + 5, labels=_labels(BLOCK_ROWS + 5))
    options = {"num_classes": 10, "guidance_scale": 3.0}
    alone = generate(network, sampler, [mine], **options)[0].images
    together = generate(network, sampler, [others, mine], **options)[1].images
    assert (alone.int() - together.int()).abs().max() <= 1


def test_one_seed_gives_one_picture(network):
    request = Request(seed=7, count=3, labels=_labels(3))
    first, second, other = (
        generate(network, EULER, [r], num_classes=10)[0].images
        for r in (request, request, Request(seed=9, count=3, labels=_labels(3)))
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_longer_request_begins_like_a_shorter_one(network):
    # Blocks have a fixed size, so the first whole block does not change when more are asked for.
    count = BATCH_ROWS + BLOCK_ROWS
    short = Request(seed=1, count=BLOCK_ROWS, labels=_labels(BLOCK_ROWS))
    long = Request(seed=1, count=count, labels=_labels(count))
    a, b = (generate(network, EULER, [r], num_classes=10)[0].images for r in (short, long))
    assert len(b) == count
    assert (a.int() - b[:BLOCK_ROWS].int()).abs().max() <= 1


def test_frames_end_with_the_sample(network):
    request = Request(seed=7, count=3, labels=_labels(3), num_frames=3)
    result = generate(network, EULER, [request], num_classes=10)[0]
    assert result.frames.shape == (3, 3, 28, 28)
    assert torch.equal(result.frames[-1], result.images)
    torch.testing.assert_close(result.times[-1], torch.tensor(1.0))
    assert result.times.diff().gt(0).all()


def test_labels_must_fit_the_network(network):
    with pytest.raises(ValueError, match="labels"):
        generate(network, EULER, [Request(seed=0, count=2)], num_classes=10)


def test_sampling_can_be_stopped(network):
    request = Request(seed=0, count=2, labels=_labels(2))
    with pytest.raises(StepCancelled):
        generate(network, EULER, [request], num_classes=10, should_stop=lambda: True)
