"""Packing and running many trajectories: rows, neighbours, seeds, snapshots and failures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput, StepCancelled, StepFailed
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

TIMESTEPS = strided_timesteps(990, 110)
UNET = as_engine_unet(stage_one_model())


def _trajectory(*prompts, **fields):
    return make_trajectory(*prompts, **{"timesteps": TIMESTEPS, **fields})


PARTLY = {"guidance_interval": [300, 600]}
"""At three of the ten timesteps."""

# Every kind of trajectory, with the rows each needs a guided step.
MIXTURE = [
    (_trajectory(name="guided"), 2),
    (_trajectory(name="unguided", guidance_scale=1.0, negative_embeds=None), 1),
    (_trajectory(name="other seed", seed=7), 2),
    (_trajectory(name="partly", params={"kind": "single", **PARTLY}), 2),
    (_trajectory(0, 1, name="turned", params={**views("identity", "flip"), **PARTLY}), 4),
    (_trajectory(0, 1, name="parted", params={**components("low_high"), **PARTLY}), 3),
    (_trajectory(name="from an image", image=picture(0), i_start=4), 2),
    (_trajectory(name="inpainting", image=picture(1), mask=box()), 2),
    (make_trajectory(2, name="few steps"), 2),
    (_trajectory(0, 1, params=views("identity", "flip"), name="anagram"), 4),
    (_trajectory(0, 1, 2, params=views("negate", "rotate_90_cw", "jigsaw"), name="three views"), 6),
    (_trajectory(0, 1, params=components("low_high"), name="hybrid"), 3),
    (_trajectory(0, 1, 2, params=components("triple"), name="triple hybrid"), 4),
    (
        _trajectory(
            params=components("low_high", fixed="low"), name="inverse", reference=picture(2)
        ),
        2,
    ),
]
SAVED = {"partly": 7, "turned": 14, "parted": 7}
"""Unconditional rows in the steps without guidance."""
TRAJECTORIES = [trajectory for trajectory, _ in MIXTURE]


def _sample(trajectories, max_rows=16, unet=UNET, **options):
    return sample(unet, SCHEDULE, trajectories, size=SIZE, max_rows=max_rows, **options)


def arithmetic_unet(x, t, prompt_embeds):
    """Knows place, time and prompt, and rounds a row the same in every batch."""
    place = torch.linspace(-1, 1, SIZE * SIZE).reshape(SIZE, SIZE)
    time = (t.float() / 1000)[:, None, None, None]
    said = prompt_embeds[:, 0, :3, None, None]
    eps = 0.7 * x + 0.3 * x.roll(1, dims=-1) * place + 0.2 * said * place + 0.1 * time
    return torch.cat([eps, (eps + said).clamp(-1, 1)], dim=1)


def _images_alone(unet):
    return {t.name: _sample([t], max_rows=1, unet=unet)[0].image for t in TRAJECTORIES}


@pytest.fixture(scope="module")
def alone():
    """Each trajectory by itself, a row at a time, with a network that rounds alike."""
    return _images_alone(arithmetic_unet)


@pytest.fixture(scope="module")
def alone_in_miniature():
    """The same with DeepFloyd in miniature."""
    return _images_alone(UNET)


class Counting:
    """A network, remembering the rows it was given."""

    def __init__(self, unet=arithmetic_unet):
        self.unet, self.batches = unet, []

    def __call__(self, x, t, prompt_embeds):
        self.batches.append([(x[i], int(t[i]), prompt_embeds[i]) for i in range(len(x))])
        return self.unet(x, t, prompt_embeds)

    @property
    def rows(self):
        return sum(len(batch) for batch in self.batches)


@settings(max_examples=40, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(range(len(MIXTURE))), min_size=1, max_size=8, unique=True),
    max_rows=st.integers(1, 25),
)
def test_batched_equals_one_by_one_whatever_the_batch_and_the_neighbours(alone, chosen, max_rows):
    trajectories = [TRAJECTORIES[i] for i in chosen]
    results = _sample(trajectories, max_rows, arithmetic_unet)
    for trajectory, result in zip(trajectories, results, strict=True):
        torch.testing.assert_close(result.image, alone[trajectory.name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("max_rows", [2, 7, 16])
def test_batched_equals_one_by_one_in_miniature(alone_in_miniature, max_rows):
    # Convolutions round differently in batches of another size; guidance makes that 13 times more.
    for trajectory, result in zip(TRAJECTORIES, _sample(TRAJECTORIES, max_rows), strict=True):
        expected = alone_in_miniature[trajectory.name]
        torch.testing.assert_close(result.image, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("max_rows", [1, 5, 16, 1000])
def test_the_rows_computed_are_the_rows_needed(max_rows):
    counting = Counting()
    results = _sample(TRAJECTORIES, max_rows, counting)
    needed = [rows * len(t.visited_timesteps) - SAVED.get(t.name, 0) for t, rows in MIXTURE]
    assert [result.unet_rows for result in results] == needed
    assert counting.rows == sum(needed)


def test_no_row_of_a_step_is_computed_twice():
    counting = Counting()
    _sample(
        [replace(trajectory, seed=i) for i, trajectory in enumerate(TRAJECTORIES)], 64, counting
    )
    for batch in counting.batches:
        for i, (x, t, embeds) in enumerate(batch):
            for other_x, other_t, other_embeds in batch[:i]:
                is_same = t == other_t and torch.equal(x, other_x)
                assert not (is_same and torch.equal(embeds, other_embeds))


@pytest.mark.parametrize("max_rows", [3, 8])
def test_batches_are_full_until_the_last_steps(max_rows):
    counting = Counting()
    _sample([_trajectory(seed=i, name=str(i)) for i in range(9)], max_rows, counting)
    sizes = [len(batch) for batch in counting.batches]
    assert sizes[:-1] == [max_rows] * (len(sizes) - 1)


def test_rows_of_one_batch_stand_at_their_own_timesteps():
    counting = Counting()
    _sample([_trajectory(), _trajectory(name="two", image=picture(0), i_start=4)], 16, counting)
    assert any(len({t for _, t, _ in batch}) > 1 for batch in counting.batches)


def test_forwards_are_the_batches_a_trajectory_had_rows_in():
    (result,) = _sample([_trajectory()], max_rows=1)
    assert result.forwards == result.unet_rows == 2 * len(TIMESTEPS)
    (result,) = _sample([_trajectory()], max_rows=2)
    assert result.forwards == len(TIMESTEPS)


def test_unguided_sampling_asks_for_the_prompt_alone():
    counting = Counting()
    _sample([_trajectory(guidance_scale=1.0)], unet=counting)
    assert all(torch.equal(row[2], prompt(0)) for batch in counting.batches for row in batch)


def test_one_seed_gives_one_picture_whatever_the_global_state():
    torch.manual_seed(1)
    first = _sample([_trajectory()])[0].image
    torch.manual_seed(2)
    second = _sample([_trajectory()])[0].image
    other = _sample([_trajectory(seed=1)])[0].image
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_trajectory_can_be_sampled_again():
    trajectory = _trajectory(image=picture(0), mask=box())
    first, second = (_sample([trajectory])[0].image for _ in range(2))
    assert torch.equal(first, second)


def test_noise_is_the_same_whatever_device_the_network_runs_on():
    # The meta device computes nothing, so reaching it at all shows that noise was not drawn there.
    class Drawn(Exception):
        pass

    seen = []

    def unet(x, t, prompt_embeds):
        seen.append(x.device.type)
        raise Drawn

    with pytest.raises(Drawn):
        _sample([_trajectory()], unet=unet, device="meta")
    assert seen == ["meta"]


def test_snapshots_are_x_t_itself():
    snapshots = (990, 660, 330, 0)
    counting = Counting()
    (result,) = _sample([_trajectory(snapshots=snapshots)], 2, counting)
    seen = {batch[0][1]: batch[0][0] for batch in counting.batches}
    assert sorted(result.snapshots) == sorted(snapshots)
    for t in snapshots:
        assert torch.equal(result.snapshots[t], seen[t])


def test_a_start_from_an_image_is_that_image_noised():
    (result,) = _sample([_trajectory(image=picture(0), i_start=6, snapshots=(TIMESTEPS[6],))])
    t = TIMESTEPS[6]
    alpha_bar = float(SCHEDULE.alpha_bar[t])
    noise = (result.snapshots[t] - alpha_bar**0.5 * picture(0)) / (1 - alpha_bar) ** 0.5
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    assert abs(float(noise.mean())) < 0.1


def test_an_image_is_followed_less_the_earlier_its_start():
    images = [_trajectory(name=str(i), image=picture(0), i_start=i) for i in (0, 5, 8, 9)]
    distances = [
        float((result.image - picture(0)).square().mean().sqrt()) for result in _sample(images)
    ]
    assert distances == sorted(distances, reverse=True)


def test_images_are_in_range_and_in_float32_on_the_cpu():
    for result in _sample(TRAJECTORIES):
        assert result.image.dtype == torch.float32
        assert result.image.abs().max() <= 1


def test_a_half_precision_network_is_read_in_float32():
    def unet(x, t, prompt_embeds):
        return UNET(x, t, prompt_embeds).half()

    (result,) = _sample([_trajectory()], unet=unet)
    (expected,) = _sample([_trajectory()])
    assert float((result.image - expected.image).abs().mean()) < 0.02


class Breaking:
    """Spoils the rows of one prompt."""

    def __init__(self, spoil):
        self.spoil = spoil

    def __call__(self, x, t, prompt_embeds):
        output = UNET(x, t, prompt_embeds)
        is_broken = (prompt_embeds == prompt(4)).flatten(1).all(dim=1)
        output[is_broken] = self.spoil(x[is_broken], t[is_broken])
        return output


def _not_a_number(x, t):
    return torch.full((len(x), 6, SIZE, SIZE), float("nan"))


def test_a_picture_that_is_not_finite_fails_alone_and_early(alone_in_miniature):
    counting = Counting(Breaking(_not_a_number))
    broken = _trajectory(name="the broken one", prompt_embeds=(prompt(4),))
    failure, result = _sample([broken, _trajectory(name="guided")], 4, counting)
    assert isinstance(failure, StepFailed)
    assert str(failure).startswith("the broken one: the picture has non-finite pixels")
    assert "t = 990" in str(failure)
    expected = alone_in_miniature["guided"]
    torch.testing.assert_close(result.image, expected, rtol=0, atol=1e-3)
    assert counting.rows == result.unet_rows + 2


def test_a_flat_picture_fails_by_name():
    def flat(x, t):
        # The noise estimate for which the clean picture is white everywhere.
        alpha_bar = SCHEDULE.alpha_bar_at(t).float()
        return ((x - 3 * alpha_bar.sqrt()) / (1 - alpha_bar).sqrt()).repeat(1, 2, 1, 1)

    broken = _trajectory(
        name="the flat one", prompt_embeds=(prompt(4),), guidance_scale=1.0, snapshots=(0,)
    )
    (failure,) = _sample([broken], unet=Breaking(flat))
    assert isinstance(failure, StepFailed)
    assert str(failure).startswith("the flat one: the picture is one flat colour")


def test_sampling_can_be_stopped():
    with pytest.raises(StepCancelled):
        _sample([_trajectory()], should_stop=lambda: True)


@pytest.mark.parametrize("unet", [UNET, Breaking(_not_a_number)], ids=["whole", "failing"])
def test_progress_reaches_its_total(unet):
    seen = []
    broken = _trajectory(name="broken", prompt_embeds=(prompt(4),))
    _sample(
        [*TRAJECTORIES, broken], unet=unet, report=lambda done, all, what: seen.append((done, all))
    )
    done, total = seen[-1]
    assert done == total
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_nothing_to_sample_is_nothing():
    assert sample(UNET, SCHEDULE, [], size=SIZE, max_rows=4) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timesteps": ()}, "expected them to descend"),
        ({"timesteps": (0, 30)}, "expected them to descend"),
        ({"i_start": 3}, "has a mask or an i_start but no image"),
        ({"mask": box()}, "has a mask or an i_start but no image"),
        ({"image": picture(0), "i_start": 10}, "has i_start 10; expected 0 to 9"),
        ({"snapshots": (991,)}, "snapshot at t = 991, which it does not visit"),
        ({"image": picture(0), "i_start": 3, "snapshots": (990,)}, "snapshot at t = 990"),
        ({"negative_embeds": None}, "guidance_scale 7 but no unconditional prompt"),
        ({"prompt_embeds": (prompt(0), prompt(1))}, "has 2 prompts; its combination takes 1"),
        ({"reference": picture(0)}, "reference picture for, and only for, a fixed component"),
        ({"condition": picture(0)}, "both condition and class_label"),
    ],
)
def test_a_trajectory_that_cannot_be_is_refused_by_name(fields, message):
    with pytest.raises(BadInput, match=rf"^one .*{message}"):
        _trajectory(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timesteps": (1000, 0)}, "one has timesteps 1000 to 0; the model knows 999 to 0"),
        ({"image": picture(0, 8)}, "one has a image of shape"),
        ({"prompt_embeds": (torch.zeros(5, 4),)}, "prompt embeddings of one batch differ"),
    ],
)
def test_a_trajectory_the_model_cannot_sample_is_refused(fields, message):
    with pytest.raises(BadInput, match=message):
        _sample([_trajectory(**fields)])


def test_a_network_without_variance_channels_is_refused():
    with pytest.raises(BadInput, match="three channels of noise and three of variance"):
        _sample([_trajectory()], unet=lambda x, t, p: x)


@pytest.mark.parametrize("rule", ["mean", "alternating", "by_visibility"])
def test_what_goes_on_from_half_way_ends_as_if_it_had_never_stopped(rule: str) -> None:
    half = len(TIMESTEPS) // 2
    prompts = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}], "rule": rule}
    whole = _trajectory(0, 1, params=prompts, seed=5)
    looked_at = replace(whole, timesteps=TIMESTEPS[: half + 1], snapshots=(TIMESTEPS[half],))
    (end,) = _sample([whole])
    (estimate,) = _sample([looked_at])
    rest = replace(whole, i_start=half, noisy=estimate.snapshots[TIMESTEPS[half]])
    (went_on,) = _sample([rest])
    torch.testing.assert_close(went_on.image, end.image, rtol=0, atol=1e-5)
    assert not torch.allclose(estimate.image, end.image, atol=1e-2)


def test_what_goes_on_takes_no_image_and_says_where() -> None:
    x_t = torch.zeros(3, SIZE, SIZE)
    with pytest.raises(BadInput, match="needs an i_start, and no image or mask"):
        _trajectory(noisy=x_t)
    with pytest.raises(BadInput, match="needs an i_start, and no image or mask"):
        _trajectory(noisy=x_t, i_start=2, image=picture(0))
