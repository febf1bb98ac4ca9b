"""The network of the annotated write-up: its size, shapes, conditioning and exactness."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tasks.diffusion.networks.convnext_unet import (
    ConvNextUNet,
    FullAttention,
    LinearAttention,
    sinusoids,
)
from tasks.diffusion.networks.depthwise import DepthwiseConv2d, tile_size
from tasks.diffusion.networks.unet import count_parameters
from tasks.diffusion.seeds import seeded_initialisation
from tests.diffusion.networks.textbook_unet import textbook


def _network(**options) -> ConvNextUNet:
    with seeded_initialisation(0):
        return ConvNextUNet(options.pop("hidden_width", 8), **{"heads": 2, **options})


def _inputs(batch=3, channels=1, size=28):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, channels, size, size, generator=generator)
    return x, torch.arange(1, batch + 1).float()


def test_network_of_the_write_up_has_about_three_million_parameters():
    assert count_parameters(ConvNextUNet(28)) == 2_996_315


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 128)])
def test_output_has_the_shape_of_the_input(channels, size):
    network = ConvNextUNet(28, channels=channels)
    x, t = _inputs(1, channels, size)
    with torch.no_grad():
        assert network(x, t).shape == (1, channels, size, size)


def test_output_and_gradients_equal_the_textbook_network():
    fast = _network(num_classes=10).double()
    plain = textbook(copy.deepcopy(fast))
    x, t = _inputs()
    c = torch.eye(10)[:3]
    x = x.double()
    outputs = []
    for network in (fast, plain):
        network.to(memory_format=torch.channels_last)
        given = x.clone().requires_grad_()
        output = network(given, t, c)
        output.square().sum().backward()
        outputs.append((output.detach(), given.grad))
    torch.testing.assert_close(outputs[0], outputs[1])
    theirs = dict(plain.named_parameters())
    projections = {"queries": "project.0", "keys": "project.1", "values": "project.2"}
    for name, parameter in fast.named_parameters():
        for linear, convolution in projections.items():
            name = name.replace(linear, convolution)
        torch.testing.assert_close(parameter.grad, theirs[name].grad.view_as(parameter), msg=name)


@pytest.mark.parametrize(("height", "width", "tile"), [(28, 28, 7), (7, 14, 7), (32, 16, 8)])
def test_depthwise_gradient_is_torchs(height, width, tile):
    assert tile_size(height, width) == tile
    layer = DepthwiseConv2d(5, 7)
    x = torch.randn(4, 5, height, width).to(memory_format=torch.channels_last)
    gradients = []
    for convolve in (
        layer,
        lambda given: F.conv2d(given, layer.weight, layer.bias, padding=3, groups=5),
    ):
        given = x.clone().requires_grad_()
        layer.zero_grad()
        convolve(given).sin().sum().backward()
        gradients.append((given.grad, layer.weight.grad.clone(), layer.bias.grad.clone()))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-3)


def test_depthwise_of_a_size_without_tiles_still_trains():
    assert tile_size(13, 13) is None
    layer = DepthwiseConv2d(2, 7)
    layer(torch.randn(1, 2, 13, 13)).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize("attention", [LinearAttention, FullAttention])
def test_attention_does_not_know_where_a_pixel_is(attention):
    layer = attention(6, 2)
    x = torch.randn(2, 6, 4, 4)
    order = torch.randperm(16)
    moved = layer(x.flatten(2)[:, :, order].unflatten(2, (4, 4)))
    torch.testing.assert_close(
        moved.flatten(2), layer(x).flatten(2)[:, :, order], rtol=1e-4, atol=1e-5
    )


def test_every_block_but_the_last_is_told_the_time():
    network = _network()
    x, _ = _inputs(1)
    blocks = [m for m in network.modules() if hasattr(m, "depthwise")]
    told = [block.time is not None for block in blocks]
    assert told.count(True) == 12 and told.count(False) == 1
    early, late = (network(x, torch.tensor([t])) for t in (1.0, 200.0))
    assert not torch.allclose(early, late, atol=1e-3)


def test_neighbouring_timesteps_differ_in_bfloat16_too():
    t = torch.arange(1, 201).float()
    assert len(sinusoids(t, 28).unique(dim=0)) == 200
    network = _network()
    seen = []
    network.time.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0]))
    with torch.autocast("cpu", torch.bfloat16):
        network(torch.zeros(200, 1, 28, 28), t)
    assert len(seen[0].unique(dim=0)) == 200


def test_a_row_of_zeros_is_no_class():
    network = _network(num_classes=10)
    x, t = _inputs(2)
    with_class = network(x, t, torch.eye(10)[:2])
    without = network(x, t, torch.zeros(2, 10))
    nn.init.zeros_(network.label.weight)
    torch.testing.assert_close(network(x, t, torch.eye(10)[:2]), without)
    assert not torch.allclose(with_class, without, atol=1e-3)


def test_missing_class_is_named():
    with pytest.raises(ValueError, match="class"):
        _network(num_classes=10)(*_inputs(1))
