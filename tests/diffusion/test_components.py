"""Components: linear, of each picture alone, and together the picture."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.diffusion.components import components_from_params
from tasks.diffusion.gaussian_blur import SIGMAS, best_gaussian_blur, gaussian_blur
from tasks.diffusion.measures import psnr

SIZE = 32
ODD = st.integers(0, 30).map(lambda k: 2 * k + 1)
SHARES = st.lists(st.floats(-2, 2), min_size=1, max_size=3).map(lambda w: [*w, 1 - sum(w)])


@st.composite
def decompositions(draw):
    """Any decomposition, with any parameters that suit it; perhaps one component fixed."""
    parameters = {
        "low_high": {"kernel_size": ODD, "sigma": st.floats(0.2, 8)},
        "triple": {
            "kernel_size": ODD,
            "sigma_low": st.floats(2.1, 8),
            "sigma_mid": st.floats(0.2, 2),
        },
        "grey_colour": {},
        "motion": {"length": ODD, "degrees": st.floats(-360, 360)},
        "scale": {"weights": SHARES},
    }
    name = draw(st.sampled_from(sorted(parameters)))
    params = {key: draw(strategy) for key, strategy in parameters[name].items()}
    decomposition = components_from_params({"name": name, **params}, SIZE)
    fixed = draw(st.sampled_from([None, *decomposition.parts]))
    return components_from_params({"name": name, **params, "fixed": fixed}, SIZE)


def _pictures(count, seed=0):
    return torch.randn(
        count, 3, SIZE, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


@settings(deadline=None)
@given(decompositions())
def test_components_sum_to_the_picture(decomposition):
    x = _pictures(2)
    torch.testing.assert_close(sum(part(x) for part in decomposition.parts.values()), x)


@settings(deadline=None)
@given(decompositions())
def test_what_the_prompts_decide_sums_to_the_noise(decomposition):
    x = _pictures(2)
    torch.testing.assert_close(sum(part(x) for part in decomposition.prompted_maps), x)


@settings(deadline=None)
@given(decompositions(), st.floats(-3, 3))
def test_components_are_linear(decomposition, factor):
    x, y = _pictures(1, 1), _pictures(1, 2)
    for part in decomposition.parts.values():
        torch.testing.assert_close(part(x + factor * y), part(x) + factor * part(y))


@settings(deadline=None)
@given(decompositions())
def test_a_component_of_a_picture_does_not_depend_on_its_batch(decomposition):
    x = _pictures(3)
    for part in decomposition.parts.values():
        torch.testing.assert_close(part(x)[1:2], part(x[1:2]))


def test_low_pass_keeps_a_flat_picture_and_high_pass_nothing_of_it():
    parts = components_from_params({"name": "low_high"}, SIZE).parts
    flat = torch.full((1, 3, SIZE, SIZE), 0.7)
    torch.testing.assert_close(parts["low"](flat), flat)
    assert parts["high"](flat).abs().max() < 1e-6


def test_bands_are_in_order_of_frequency():
    parts = components_from_params({"name": "triple"}, 64).parts
    x = torch.arange(64, dtype=torch.float64)
    strongest = []
    for frequency in (2, 10, 25):
        wave = torch.cos(2 * torch.pi * frequency * (x + 0.5) / 64).expand(1, 3, 64, 64)
        power = {name: float(part(wave).square().mean()) for name, part in parts.items()}
        strongest.append(max(power, key=power.get))
    assert strongest == ["low", "mid", "high"]


def test_grey_has_equal_channels_and_colour_no_mean():
    parts = components_from_params({"name": "grey_colour"}, SIZE).parts
    x = _pictures(1)
    grey, colour = parts["grey"](x), parts["colour"](x)
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert colour.mean(dim=1).abs().max() < 1e-12


@pytest.mark.parametrize(("degrees", "dim"), [(0, 3), (90, 2)])
def test_motion_blurs_along_its_line_only(degrees, dim):
    params = {"name": "motion", "length": 9, "degrees": degrees}
    moved = components_from_params(params, 64).parts["moved"]
    dot = torch.zeros(1, 3, 64, 64, dtype=torch.float64)
    dot[:, :, 30, 30] = 1
    streak = moved(dot)[0, 0]
    across = streak.sum(dim=dim - 2)
    torch.testing.assert_close(across[30], torch.tensor(1.0, dtype=torch.float64))
    assert (streak > 0.05).sum() == 9


def test_a_blur_covers_the_same_of_the_picture_in_both_stages():
    small, large = (
        components_from_params({"name": "low_high"}, size).parts["low"] for size in (64, 256)
    )
    step = torch.zeros(1, 3, 64, 64)
    step[..., 32:] = 1
    large_step = step.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    reduced = torch.nn.functional.avg_pool2d(large(large_step), 4)
    torch.testing.assert_close(reduced, small(step), rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"name": "fourier"}, "components: name is 'fourier'; expected one of low_high"),
        ({"name": "low_high", "radius": 2}, "low_high has no parameter 'radius'"),
        ({"name": "low_high", "kernel_size": 32}, "expected an odd number"),
        ({"name": "low_high", "fixed": "mid"}, "fixed is 'mid'; expected one of low, high"),
        ({"name": "triple", "sigma_low": 1, "sigma_mid": 2}, "expected sigma_low > sigma_mid"),
        ({"name": "scale", "weights": [0.5, 0.6]}, "weights that sum to 1.1"),
    ],
)
def test_components_that_cannot_be_are_refused(params, message):
    with pytest.raises(BadInput, match=message):
        components_from_params(params, SIZE)


@pytest.mark.parametrize(("kernel_size", "sigma"), [(7, 1.5), (13, 2.0), (33, 2.0), (1, 1.0)])
def test_blur_is_a_convolution_of_the_mirrored_picture(kernel_size, sigma):
    x = torch.randn(2, 3, 40, 28, dtype=torch.float64)
    offset = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2
    line = torch.exp(-offset.square() / (2 * sigma**2))
    kernel = line[:, None] * line[None, :]
    weight = (kernel / kernel.sum()).expand(3, 1, -1, -1)
    padded = F.pad(x, [kernel_size // 2] * 4, mode="reflect")
    expected = F.conv2d(padded, weight, groups=3)
    torch.testing.assert_close(gaussian_blur(x, kernel_size, sigma), expected)


def test_a_kernel_wider_than_the_picture_keeps_its_mean_level():
    flat = torch.full((1, 3, 8, 8), 0.3)
    torch.testing.assert_close(gaussian_blur(flat, 97, 16.0), flat)


@pytest.mark.parametrize(("kernel_size", "sigma"), [(4, 1.0), (0, 1.0), (5, 0.0)])
def test_an_impossible_blur_is_refused(kernel_size, sigma):
    with pytest.raises(BadInput, match="expected an odd kernel and a sigma above 0"):
        gaussian_blur(torch.zeros(1, 3, 8, 8), kernel_size, sigma)


def test_the_best_blur_is_the_best_of_all():
    generator = torch.Generator().manual_seed(0)
    clean = gaussian_blur(torch.randn(3, 64, 64, generator=generator), 33, 4.0) * 4
    noise = torch.randn(2, 3, 64, 64, generator=generator)
    noisy = clean + torch.tensor([0.1, 1.0])[:, None, None, None] * noise
    best, sigma = best_gaussian_blur(noisy, clean)
    for i in range(2):
        of_all = [psnr(gaussian_blur(noisy[i : i + 1], 99, s), clean[None]) for s in SIGMAS]
        assert float(psnr(best[i : i + 1], clean[None])) == pytest.approx(
            float(torch.stack(of_all).max()), abs=0.02
        )
    assert sigma[0] < sigma[1]
