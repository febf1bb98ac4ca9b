"""The engine against diffusers' pipelines: same noise, same embeddings, same timesteps."""

from __future__ import annotations

import pytest
import torch
from diffusers import IFImg2ImgPipeline, IFPipeline, IFSuperResolutionPipeline

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, strided_timesteps
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.text_to_image.deepfloyd import LoadedStage
from tests.diffusion.trajectories.miniature import (
    LARGE_SIZE,
    PROMPT_WIDTH,
    SCHEDULE,
    SCHEDULER_CONFIG,
    SIZE,
    OneGenerator,
    as_engine_unet,
    make_trajectory,
    picture,
    prompt,
    scheduler,
    stage_one_model,
    stage_two_model,
)

STRIDED = strided_timesteps(990, 30)
NO_PARTS = {
    "tokenizer": None,
    "text_encoder": None,
    "safety_checker": None,
    "feature_extractor": None,
    "watermarker": None,
    "requires_safety_checker": False,
}


def _prompts(guidance_scale):
    return {
        "prompt_embeds": prompt(0)[None],
        "negative_prompt_embeds": prompt(1)[None],
        "guidance_scale": guidance_scale,
        "output_type": "pt",
    }


def _quiet(pipeline):
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _ours(**fields):
    return make_trajectory(name="parity", negative_embeds=prompt(1), **fields)


def _sample(unet, trajectory, *, schedule=SCHEDULE, size=SIZE):
    (result,) = sample(unet, schedule, [trajectory], size=size, max_rows=8)
    return result.image


@pytest.mark.parametrize("guidance_scale", [1.0, 7.0])
@pytest.mark.parametrize("steps", ["strided", 10])
def test_sampling_from_noise_equals_if_pipeline(guidance_scale, steps):
    model = stage_one_model()
    timesteps = STRIDED if steps == "strided" else SCHEDULE.spacing.timesteps(steps)
    chosen = {"timesteps": list(STRIDED)} if steps == "strided" else {"num_inference_steps": steps}
    pipeline = _quiet(IFPipeline(unet=model, scheduler=scheduler(), **NO_PARTS))
    generator = torch.Generator().manual_seed(3)
    expected = pipeline(**_prompts(guidance_scale), **chosen, generator=generator).images[0]
    ours = _ours(
        timesteps=timesteps,
        guidance_scale=guidance_scale,
        noise=OneGenerator(3, SIZE),
    )
    torch.testing.assert_close(_sample(as_engine_unet(model), ours), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("i_start", [1, 10, 20])
def test_sampling_from_an_image_equals_if_img2img_pipeline(i_start):
    model = stage_one_model()
    pipeline = _quiet(IFImg2ImgPipeline(unet=model, scheduler=scheduler(), **NO_PARTS))
    # strength s starts at timestep number n - int(n s), of n.
    strength = (len(STRIDED) - i_start + 0.5) / len(STRIDED)
    expected = pipeline(
        **_prompts(7.0),
        image=picture(0)[None],
        timesteps=list(STRIDED),
        strength=strength,
        generator=torch.Generator().manual_seed(3),
    ).images[0]
    ours = _ours(
        timesteps=STRIDED,
        image=picture(0),
        i_start=i_start,
        noise=OneGenerator(3, SIZE),
    )
    torch.testing.assert_close(_sample(as_engine_unet(model), ours), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("noise_level", [50, 250])
@pytest.mark.parametrize("predicted", ["epsilon", "v_prediction"])
def test_upscaling_equals_if_super_resolution_pipeline(guidance_scale, noise_level, predicted):
    model = stage_two_model()
    # The two schedulers of stage II differ, so that one taken for the other is noticed.
    changes = {"beta_schedule": "linear", "sample_max_value": 1.0, "prediction_type": predicted}
    pipeline = _quiet(
        IFSuperResolutionPipeline(
            unet=model,
            scheduler=scheduler(**changes),
            image_noising_scheduler=scheduler(),
            **NO_PARTS,
        )
    )
    expected = pipeline(
        **_prompts(guidance_scale),
        image=picture(0)[None],
        num_inference_steps=6,
        noise_level=noise_level,
        generator=torch.Generator().manual_seed(3),
    ).images[0]
    ours = _ours(
        timesteps=SCHEDULE.spacing.timesteps(6),
        guidance_scale=guidance_scale,
        noise=OneGenerator(3, LARGE_SIZE, has_condition=True),
    )
    ours = enlarging(ours, picture(0), noise_level, SCHEDULE, LARGE_SIZE)
    stage = LoadedStage(
        model=model,
        scheduler={**SCHEDULER_CONFIG, **changes},
        noising_scheduler=SCHEDULER_CONFIG,
        sample_size=LARGE_SIZE,
        embedding_width=PROMPT_WIDTH,
        device="cpu",
        commit=None,
    )
    image = _sample(stage.unet, ours, schedule=stage.schedule, size=LARGE_SIZE)
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholding": False, "clip_sample": True},
        {"thresholding": False, "clip_sample": True, "clip_sample_range": 0.5},
        {"variance_type": "fixed_small"},
        {"variance_type": "fixed_large"},
    ],
    ids=str,
)
def test_the_scheduler_config_is_followed(changes):
    model = stage_one_model()
    pipeline = _quiet(IFPipeline(unet=model, scheduler=scheduler(**changes), **NO_PARTS))
    generator = torch.Generator().manual_seed(3)
    expected = pipeline(**_prompts(7.0), num_inference_steps=8, generator=generator).images[0]
    schedule = DiffusionSchedule.from_config({**SCHEDULER_CONFIG, **changes})
    ours = _ours(
        timesteps=schedule.spacing.timesteps(8),
        noise=OneGenerator(3, SIZE),
    )
    image = _sample(as_engine_unet(model), ours, schedule=schedule)
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-4)
