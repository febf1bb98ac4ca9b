"""DeepFloyd IF in miniature: the published block types with random weights, 16 to 32 pixels."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.trajectory import Trajectory, combination_from_params

SIZE = 16
LARGE_SIZE = 32
PROMPT_LENGTH = 5
PROMPT_WIDTH = 12

SCHEDULER_CONFIG: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "variance_type": "learned_range",
    "prediction_type": "epsilon",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "sample_max_value": 1.5,
    "timestep_spacing": "leading",
}

SCHEDULE = DiffusionSchedule.from_config(SCHEDULER_CONFIG)

_BLOCKS: dict[str, Any] = {
    "out_channels": 6,
    "block_out_channels": (8, 16),
    "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
    "layers_per_block": 1,
    "act_fn": "gelu",
    "norm_num_groups": 4,
    "attention_head_dim": 4,
    "cross_attention_dim": 32,
    "cross_attention_norm": "group_norm",
    "encoder_hid_dim": PROMPT_WIDTH,
    "encoder_hid_dim_type": "text_proj",
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 4,
    "only_cross_attention": False,
    "resnet_time_scale_shift": "scale_shift",
    "resnet_skip_time_act": True,
    "resnet_out_scale_factor": 1.0,
    "time_embedding_act_fn": "gelu",
}


def stage_one_model(seed: int = 0) -> UNet2DConditionModel:
    return _seeded(seed, in_channels=3, sample_size=SIZE)


def stage_two_model(seed: int = 1) -> UNet2DConditionModel:
    return _seeded(seed, in_channels=6, sample_size=LARGE_SIZE, class_embed_type="timestep")


def scheduler(**changes: Any) -> DDPMScheduler:
    return DDPMScheduler(**{**SCHEDULER_CONFIG, **changes})


def as_engine_unet(model: UNet2DConditionModel):
    """The model as the engine calls it."""

    def unet(x: Tensor, t: Tensor, prompt_embeds: Tensor, class_labels: Tensor | None = None):
        return model(x, t, encoder_hidden_states=prompt_embeds, class_labels=class_labels).sample

    return unet


def prompt(number: int) -> Tensor:
    """The embedding of one prompt, [PROMPT_LENGTH, PROMPT_WIDTH]."""
    generator = torch.Generator().manual_seed(1000 + number)
    return torch.randn(PROMPT_LENGTH, PROMPT_WIDTH, generator=generator)


def picture(number: int, size: int = SIZE) -> Tensor:
    """[3, size, size] in [-1, 1]."""
    generator = torch.Generator().manual_seed(2000 + number)
    return torch.rand(3, size, size, generator=generator) * 2 - 1


def make_trajectory(
    *prompts: int, params: dict[str, Any] | None = None, **fields: Any
) -> Trajectory:
    """Guided from noise under the numbered prompts, as `params` combine them; anything else as
    `fields` have it."""
    return Trajectory(
        **{
            "name": "one",
            "seed": 0,
            "timesteps": (900, 600, 300, 0),
            "prompt_embeds": tuple(prompt(number) for number in prompts or (0,)),
            "negative_embeds": prompt(9),
            "guidance_scale": 7.0,
            "combination": combination_from_params(params or {"kind": "single"}, SIZE),
            **fields,
        }
    )


def views(*names: str) -> dict[str, Any]:
    """The combination of these views."""
    return {"kind": "views", "views": [{"name": name} for name in names]}


def components(name: str, **more: Any) -> dict[str, Any]:
    """The combination of these components."""
    return {"kind": "components", "name": name, **more}


def box() -> Tensor:
    """[1, SIZE, SIZE], 1 in the middle."""
    mask = torch.zeros(1, SIZE, SIZE)
    mask[:, 4:12, 4:12] = 1
    return mask


class OneGenerator:
    """Noise as a diffusers pipeline draws it: all of it from one generator, the first picture, then
    the condition if there is one, then the steps."""

    def __init__(self, seed: int, size: int, *, has_condition: bool = False) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        names = ["start", "condition"] if has_condition else ["start"]
        self._drawn = {name: self._draw(size) for name in names}

    def fill(self, stream: str, out: Tensor) -> None:
        if stream == "step":
            out.copy_(self._draw(out.shape[-1])[0])
        else:
            out.copy_(self._drawn.pop(stream)[0])

    def _draw(self, size: int) -> Tensor:
        return torch.randn(1, 3, size, size, generator=self._generator)


def _seeded(seed: int, **changes: Any) -> UNet2DConditionModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = UNet2DConditionModel(**{**_BLOCKS, **changes}).eval()
    return model.requires_grad_(False)
