"""The course U-Net: its size, its shapes, where conditioning enters; and the digit classifier."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tasks.diffusion.networks.activation import GELU
from tasks.diffusion.networks.classifiers import DigitClassifier, read_digits
from tasks.diffusion.networks.unet import CourseUNet, FromOnePixel, count_parameters


@pytest.mark.parametrize(
    ("hidden_width", "time_conditioning", "num_classes", "parameters"),
    [
        (64, "none", 0, 1_975_361),
        (64, "add", 0, 1_996_417),
        (64, "add", 10, 2_019_201),
        (64, "multiply", 10, 2_019_201),
        (128, "none", 0, 7_891_073),
        (128, "multiply", 0, 7_974_145),
        (128, "add", 10, 8_060_673),
        (32, "none", 0, 495_137),
    ],
)
def test_parameter_counts_are_the_published_ones(
    hidden_width, time_conditioning, num_classes, parameters
):
    network = CourseUNet(hidden_width, time_conditioning, num_classes)
    assert count_parameters(network) == parameters


def test_output_has_the_shape_of_the_input():
    network = CourseUNet(4, "add", 10)
    x = torch.randn(3, 1, 28, 28)
    assert network(x, torch.rand(3), torch.eye(10)[:3]).shape == x.shape


def test_last_layer_is_a_plain_convolution():
    # A norm or activation there would bound the estimate: it must reach any sign and size.
    network = CourseUNet(4)
    nn.init.zeros_(network.out.weight)
    nn.init.constant_(network.out.bias, -7.5)
    assert network(torch.randn(2, 1, 28, 28)).eq(-7.5).all()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_gelu_is_torchs_in_any_layout(memory_format, dtype, tolerance):
    generator = torch.Generator().manual_seed(0)
    x, grad = torch.randn(2, 2, 3, 7, 7, generator=generator, dtype=torch.float64).to(dtype)
    exact = x.double().requires_grad_()
    x = x.to(memory_format=memory_format).requires_grad_()
    y, expected = GELU()(x), F.gelu(exact)
    torch.testing.assert_close(y.double(), expected, atol=tolerance, rtol=0)
    assert y.dtype == dtype and y.is_contiguous(memory_format=memory_format)
    (found,) = torch.autograd.grad(y, x, grad)
    (wanted,) = torch.autograd.grad(expected, exact, grad.double())
    torch.testing.assert_close(found.double(), wanted, atol=tolerance, rtol=0)


def test_one_pixel_becomes_many_as_by_a_transposed_convolution():
    generator = torch.Generator().manual_seed(0)
    layer, convolution = FromOnePixel(6, 4, 7), nn.ConvTranspose2d(6, 4, 7, stride=7)
    convolution.load_state_dict(layer.state_dict())
    x = torch.randn(3, 6, 1, 1, generator=generator)
    torch.testing.assert_close(layer(x), convolution(x))
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), convolution(x), atol=0.03, rtol=0)


def _constant_fc(block: nn.Sequential, value: float) -> None:
    nn.init.zeros_(block[2].weight)
    nn.init.constant_(block[2].bias, value)


def _without_conditioning(network: CourseUNet) -> CourseUNet:
    plain = CourseUNet(4).eval()
    shared = {k: v for k, v in network.state_dict().items() if k in plain.state_dict()}
    plain.load_state_dict(shared)
    return plain


@pytest.mark.parametrize(
    ("time_conditioning", "num_classes", "neutral_time", "neutral_class"),
    [("add", 0, 0.0, None), ("multiply", 0, 1.0, None), ("add", 10, 0.0, 1.0)],
)
def test_neutral_conditioning_leaves_the_plain_network(
    time_conditioning, num_classes, neutral_time, neutral_class
):
    network = CourseUNet(4, time_conditioning, num_classes).eval()
    for level in (1, 2):
        _constant_fc(getattr(network, f"time{level}"), neutral_time)
        if num_classes:
            _constant_fc(getattr(network, f"class{level}"), neutral_class)
    x = torch.randn(2, 1, 28, 28)
    c = torch.eye(10)[:2] if num_classes else None
    expected = _without_conditioning(network)(x)
    torch.testing.assert_close(network(x, torch.rand(2), c), expected)


def test_classes_scale_and_time_is_added_even_for_flow_matching():
    # With the class factor at zero, u and d are the time embedding alone.
    network = CourseUNet(4, "multiply", 10).eval()
    for level in (1, 2):
        _constant_fc(getattr(network, f"class{level}"), 0.0)
        _constant_fc(getattr(network, f"time{level}"), 0.3)
    seen = []
    network.up1.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.randn(2, 1, 28, 28), torch.rand(2), torch.eye(10)[:2])
    torch.testing.assert_close(seen[0][:, :8], torch.full((2, 8, 7, 7), 0.3))


def test_conditioning_enters_before_each_concatenation():
    network = CourseUNet(4, "add").eval()
    inputs: dict[str, torch.Tensor] = {}
    for name in ("up1", "up2"):
        getattr(network, name).register_forward_pre_hook(
            lambda module, args, name=name: inputs.__setitem__(name, args[0])
        )
    x = torch.randn(1, 1, 28, 28)
    network(x, torch.zeros(1))
    before = dict(inputs)
    _constant_fc(network.time1, 5.0)
    network(x, torch.zeros(1))
    changed = (inputs["up1"] - before["up1"]).abs().amax(dim=(0, 2, 3))
    assert changed[:8].gt(0).all()
    assert changed[8:].eq(0).all()


def test_missing_condition_is_named():
    with pytest.raises(ValueError, match="time"):
        CourseUNet(4, "add")(torch.randn(1, 1, 28, 28))
    with pytest.raises(ValueError, match="class"):
        CourseUNet(4, "add", 10)(torch.randn(1, 1, 28, 28), torch.zeros(1))


def test_reading_uses_the_statistics_of_training_not_those_of_the_batch():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        classifier = DigitClassifier(4).train()
    images = torch.randint(
        0, 256, (8, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    before = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    together, alone = read_digits(classifier, images), read_digits(classifier, images[:1])
    torch.testing.assert_close(together.features[:1], alone.features, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[name], t) for name, t in classifier.state_dict().items())
