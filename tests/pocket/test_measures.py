"""Grain and what is left of photographs, on pictures whose answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.pocket.export import scheduler
from tasks.pocket.measures import I_STARTS, grain, hole, of_enlargements, of_photographs, one_step
from tasks.pocket.networks import EMBEDDING_WIDTH
from tasks.pocket.sampler import PocketSampler, Settings
from tests.pocket.small_world import small_world


@pytest.mark.parametrize("levels", [1.0, 4.0, 10.0])
def test_grain_is_the_noise_and_not_the_picture(levels: float) -> None:
    ramp = torch.linspace(-0.5, 0.5, 64).expand(4, 3, 64, 64)
    noise = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert grain(ramp).max() < 0.01
    assert grain(ramp + levels / 127.5 * noise) == pytest.approx([levels] * 4, rel=0.05)


PHOTOGRAPHS = small_world().draw(2, torch.Generator().manual_seed(0)).pictures


def oracle(target: Tensor):  # type: ignore[no-untyped-def]
    """A network whose estimate of the clean picture is always `target`'s nearest one."""
    alpha_bar = DiffusionSchedule.from_config(scheduler().config).alpha_bar

    def network(x: Tensor, t: Tensor, embeds: Tensor, class_labels: Tensor | None = None) -> Tensor:
        x_t = x[:, :3]
        level = alpha_bar[t.cpu()].float().view(-1, 1, 1, 1)
        far = (x_t[:, None] - level.sqrt()[:, None] * target).flatten(2).norm(dim=2)
        clean = target[far.argmin(1)]
        eps = (x_t - level.sqrt() * clean) / (1 - level).sqrt()
        return torch.cat([eps, torch.full_like(eps, -1)], 1)

    return network


def sampler(one: Tensor, two: Tensor) -> PocketSampler:
    embeds = torch.zeros(77, EMBEDDING_WIDTH)
    return PocketSampler(
        (oracle(one), oracle(two)),
        lambda texts: dict.fromkeys(["", *texts], embeds),
        Settings(7, 40),
    )


def test_a_model_that_knows_the_photographs_keeps_them_whole() -> None:
    kept = of_photographs(sampler(PHOTOGRAPHS, PHOTOGRAPHS), PHOTOGRAPHS, 0)
    assert min(v for name, v in kept.metrics.items() if "psnr" in name) > 30
    assert set(kept.metrics) == {
        "onestep_psnr_390", "onestep_psnr_690", "edits_faithful", "edit_psnr_20", "hole_psnr",
    }  # fmt: skip
    assert kept.pictures["edit_1"].shape == PHOTOGRAPHS.shape
    assert len([name for name in kept.pictures if name.startswith("edit_")]) == len(I_STARTS)


def test_a_model_that_knows_other_pictures_does_not() -> None:
    other = -PHOTOGRAPHS
    kept = of_photographs(sampler(other, other), PHOTOGRAPHS, 0)
    assert kept.metrics["edit_psnr_20"] < 15
    assert kept.metrics["hole_psnr"] < 15


def test_the_one_step_estimate_is_seeded() -> None:
    known = sampler(PHOTOGRAPHS, PHOTOGRAPHS)
    assert torch.equal(one_step(known, PHOTOGRAPHS, 690, 0), one_step(known, PHOTOGRAPHS, 690, 0))


def test_the_hole_is_where_it_is_said_to_be() -> None:
    mask = hole(64)
    assert mask.sum() == 26 * 29
    assert mask[0, 6, 19] == 1
    assert mask[0, 5, 19] == 0


def test_stage_two_is_compared_with_bicubic_on_pictures_never_trained_on() -> None:
    world = small_world(side=128, seed=1)
    drawn = world.draw(2, _generator(), empty=0).pictures
    kept = of_enlargements(sampler(PHOTOGRAPHS, drawn), world, 2, 0, (50,))
    assert torch.equal(kept.pictures["drawn"], drawn)
    assert kept.metrics["enlarged_psnr_50"] > kept.metrics["bicubic_psnr"] + 5
    assert kept.metrics["enlarged_grain"] == pytest.approx(kept.metrics["drawn_grain"], abs=0.5)


def _generator() -> torch.Generator:
    from tasks.diffusion.seeds import named_generator

    return named_generator(0, "enlarged")
