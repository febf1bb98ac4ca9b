"""Anagrams, hybrids, inpainting and inverse problems, against a plain loop."""

from __future__ import annotations

import pytest
import torch

from tasks import BadInput
from tasks.diffusion.components import components_from_params
from tasks.diffusion.trajectories.diffusion_schedule import strided_timesteps
from tasks.diffusion.trajectories.engine import sample
from tests.diffusion.trajectories.miniature import (
    SCHEDULE,
    SIZE,
    as_engine_unet,
    box,
    components,
    make_trajectory,
    picture,
    prompt,
    stage_one_model,
    views,
)
from tests.diffusion.trajectories.plain_sampler import plain_sample, same

TIMESTEPS = strided_timesteps(990, 90)
UNET = as_engine_unet(stage_one_model())


def flip(x):
    return x.flip(-2)


def negate(x):
    return -x


def turn(x):
    return torch.rot90(x, k=-1, dims=(-2, -1))


def turn_back(x):
    return torch.rot90(x, k=1, dims=(-2, -1))


def roll(sign):
    def skewed(x):
        shifts = torch.linspace(-12.5, 12.5, SIZE, dtype=torch.float64).round()
        columns = [x[..., i].roll(sign * int(shift), dims=-1) for i, shift in enumerate(shifts)]
        return torch.stack(columns, dim=-1)

    return skewed


IDENTITY = (same, same, same)
# As seen, brought back as noise, brought back as variance.
BY_HAND = {
    "identity": IDENTITY,
    "flip": (flip, flip, flip),
    "rotate_90_cw": (turn, turn_back, turn_back),
    "negate": (negate, negate, same),
    "skew": (roll(1), roll(-1), roll(-1)),
}


def _trajectory(number_of_prompts, **fields):
    return make_trajectory(
        *range(number_of_prompts), **{"seed": 5, "timesteps": TIMESTEPS, **fields}
    )


def _plain(number_of_prompts, **options):
    with torch.no_grad():
        return plain_sample(
            UNET,
            **{
                "seed": 5,
                "timesteps": TIMESTEPS,
                "prompts": [prompt(i) for i in range(number_of_prompts)],
                "negative": prompt(9),
                "guidance_scale": 7.0,
                "size": SIZE,
                **options,
            },
        )


def _sample(*fields, **more):
    (result,) = sample(UNET, SCHEDULE, [_trajectory(*fields, **more)], size=SIZE, max_rows=3)
    return result


def _assert_same(image, expected):
    # diffusers keeps alpha_bar in float32, and guidance enlarges what that costs.
    torch.testing.assert_close(image, expected, rtol=0, atol=5e-4)


@pytest.mark.parametrize("guidance_scale", [0.0, 1.0, 7.0])
@pytest.mark.parametrize("name", [name for name in BY_HAND if name != "identity"])
def test_an_anagram_is_the_plain_loops(name, guidance_scale):
    expected = _plain(
        2, views=[IDENTITY, BY_HAND[name]], maps=[same] * 2, guidance_scale=guidance_scale
    )
    result = _sample(2, params=views("identity", name), guidance_scale=guidance_scale)
    _assert_same(result.image, expected)


def test_an_anagram_of_three_views_is_the_plain_loops():
    names = ["flip", "negate", "rotate_90_cw"]
    expected = _plain(3, views=[BY_HAND[name] for name in names], maps=[same] * 3)
    _assert_same(_sample(3, params=views(*names)).image, expected)


@pytest.mark.parametrize("name", ["low_high", "triple", "grey_colour", "motion", "scale"])
def test_a_hybrid_is_the_plain_loops(name):
    maps = list(components_from_params({"name": name}, SIZE).parts.values())
    expected = _plain(len(maps), views=[IDENTITY] * len(maps), maps=maps, is_sum=True)
    _assert_same(_sample(len(maps), params=components(name)).image, expected)


@pytest.mark.parametrize(("name", "fixed"), [("low_high", "low"), ("grey_colour", "colour")])
def test_an_inverse_problem_is_the_plain_loops(name, fixed):
    component = components_from_params({"name": name}, SIZE).parts[fixed]
    expected = _plain(1, is_sum=True, fixed=component, reference=picture(1))
    result = _sample(1, params=components(name, fixed=fixed), reference=picture(1))
    _assert_same(result.image, expected)


def test_an_inverse_problem_keeps_the_component_of_its_reference():
    reference = picture(1) / 2
    # Unlimited colour may leave [-1, 1], so clipping is allowed for.
    result = _sample(1, params=components("grey_colour", fixed="grey"), reference=reference)
    is_unclipped = (result.image.abs() < 1).all(dim=0)
    assert is_unclipped.float().mean() > 0.5
    kept, wanted = result.image.mean(dim=0), reference.mean(dim=0)
    torch.testing.assert_close(kept[is_unclipped], wanted[is_unclipped], rtol=0, atol=1e-5)


@pytest.mark.parametrize("i_start", [None, 0, 3])
def test_inpainting_is_the_plain_loops(i_start):
    expected = _plain(1, image=picture(0), mask=box(), i_start=i_start)
    _assert_same(_sample(1, image=picture(0), mask=box(), i_start=i_start).image, expected)


def test_what_inpainting_keeps_is_the_original_exactly():
    result = _sample(1, image=picture(0), mask=box())
    is_kept = (box() == 0).expand(3, -1, -1)
    assert torch.equal(result.image[is_kept], picture(0)[is_kept])
    assert (result.image - picture(0))[~is_kept].abs().mean() > 0.1


def test_the_kept_region_is_as_noisy_as_its_surroundings_at_every_step():
    # A flat original: what varies in the kept region is noise, sqrt(1 - abar) of it.
    flat = torch.full((3, SIZE, SIZE), 0.25)
    visited = TIMESTEPS[1:]
    result = _sample(1, image=flat, mask=box(), snapshots=visited)
    is_kept = (box() == 0).expand(3, -1, -1)
    for t in visited:
        kept = result.snapshots[t][is_kept]
        alpha_bar = float(SCHEDULE.alpha_bar[t])
        assert float(kept.std()) == pytest.approx((1 - alpha_bar) ** 0.5, rel=0.12)
        assert float(kept.mean()) == pytest.approx(
            0.25 * alpha_bar**0.5, abs=5 * (1 - alpha_bar) ** 0.5 / len(kept) ** 0.5
        )


def test_the_kept_region_has_new_noise_at_every_step():
    result = _sample(1, image=picture(0), mask=box(), snapshots=TIMESTEPS[1:])
    noises = []
    for t in TIMESTEPS[1:3]:
        alpha_bar = float(SCHEDULE.alpha_bar[t])
        noise = (result.snapshots[t] - alpha_bar**0.5 * picture(0)) / (1 - alpha_bar) ** 0.5
        noises.append(noise[(box() == 0).expand(3, -1, -1)])
    assert abs(float(torch.corrcoef(torch.stack(noises))[0, 1])) < 0.15


def test_a_mask_does_not_change_the_noise_of_the_steps():
    # With everything new, a mask keeps nothing, so the picture is as without one.
    everything = torch.ones(1, SIZE, SIZE)
    masked, plain = sample(
        UNET,
        SCHEDULE,
        [_trajectory(1, image=picture(0), mask=everything), _trajectory(1)],
        size=SIZE,
        max_rows=4,
    )
    torch.testing.assert_close(masked.image, plain.image, rtol=0, atol=1e-5)


@pytest.mark.parametrize("interval", [(300, 660), (0, 300), (990, 990)])
def test_guidance_in_an_interval_is_the_plain_loops(interval):
    ours = _sample(1, params={"kind": "single", "guidance_interval": list(interval)})
    _assert_same(ours.image, _plain(1, guidance_interval=interval))
    assert not torch.allclose(ours.image, _sample(1).image, atol=0.01)


def test_guidance_in_an_interval_is_the_plain_loops_for_an_anagram_and_a_hybrid():
    interval = {"guidance_interval": [300, 660]}
    anagram = _sample(2, params={**views("identity", "flip"), **interval})
    plain_anagram = _plain(
        2, views=[IDENTITY, BY_HAND["flip"]], maps=[same] * 2, guidance_interval=(300, 660)
    )
    _assert_same(anagram.image, plain_anagram)
    hybrid = _sample(2, params={**components("low_high"), **interval})
    parts = components_from_params({"name": "low_high"}, SIZE).prompted_maps
    plain_hybrid = _plain(
        2, views=[IDENTITY] * 2, maps=parts, is_sum=True, guidance_interval=(300, 660)
    )
    _assert_same(hybrid.image, plain_hybrid)


@pytest.mark.parametrize("rule", ["rescaled", "alternating", "by_visibility"])
def test_an_anagram_by_another_rule_does_not_depend_on_its_neighbours(rule):
    params = {**views("identity", "flip"), "rule": rule}
    one = make_trajectory(0, 1, params=params)
    plain = make_trajectory(0, 1, params=views("identity", "flip"))
    other = make_trajectory(2, seed=5)
    (alone,) = sample(UNET, SCHEDULE, [one], size=SIZE, max_rows=64)
    beside = sample(UNET, SCHEDULE, [other, plain, one], size=SIZE, max_rows=64)
    torch.testing.assert_close(beside[2].image, alone.image)
    assert not torch.allclose(beside[2].image, beside[1].image, atol=0.05)


def test_alternating_prompts_of_one_view_are_the_prompts_in_turn():
    params = {**views("identity", "identity"), "rule": "alternating"}
    both = make_trajectory(0, 1, params=params, timesteps=(900, 0))
    first, second = (make_trajectory(i, timesteps=(900, 0)) for i in (0, 1))
    alternated, of_first, of_second = sample(
        UNET, SCHEDULE, [both, first, second], size=SIZE, max_rows=64
    )
    assert not torch.allclose(alternated.image, of_first.image, atol=1e-3)
    assert not torch.allclose(alternated.image, of_second.image, atol=1e-3)
    once = make_trajectory(0, 1, params=params, timesteps=(0,))
    alone = make_trajectory(0, timesteps=(0,))
    one, same_one = sample(UNET, SCHEDULE, [once, alone], size=SIZE, max_rows=64)
    torch.testing.assert_close(one.image, same_one.image)


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(BadInput, match="rule is 'median'; expected one of mean"):
        make_trajectory(0, 1, params={**views("identity", "flip"), "rule": "median"})
