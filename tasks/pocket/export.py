"""The trained pocket model as folders in DeepFloyd IF's layout, loaded by unmodified diffusers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMScheduler, IFPipeline, IFSuperResolutionPipeline
from safetensors.torch import load
from torch import nn

from tasks.pocket.networks import stage_one_unet, stage_two_unet, text_encoder
from tasks.pocket.objective import NUM_TIMESTEPS
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer

# diffusers leaves its constructors untyped.
_Scheduler: Any = DDPMScheduler
_StageOne: Any = IFPipeline
_StageTwo: Any = IFSuperResolutionPipeline


def scheduler(prediction_type: str = "epsilon") -> Any:
    """The DDPMScheduler of DeepFloyd IF stage II, for both stages.

    Our stage II predicts velocity: from eps, x_0 at the noisiest timesteps is what is left of x_t
    times sixty, and what is wrong there of the colours of the whole is never put right again.
    Stage I has a sample_max_value of 1.5 there: dynamic thresholding then divides a picture with
    many saturated pixels again and again, and a white ground turns lavender.
    """
    return _Scheduler(
        num_train_timesteps=NUM_TIMESTEPS,
        beta_schedule="squaredcos_cap_v2",
        variance_type="learned_range",
        prediction_type=prediction_type,
        clip_sample=True,
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        sample_max_value=1.0,
    )


def save_stage_one(spiece: bytes, encoder: bytes, unet: bytes, folder: Path) -> None:
    """Write stage I to `folder`: tokenizer, text_encoder, unet and scheduler, in float16."""
    save_tokenizer(spiece, folder / "tokenizer")
    tokenizer = load_tokenizer(folder / "tokenizer")
    pipeline = _StageOne(
        tokenizer=tokenizer,
        text_encoder=_loaded(text_encoder(len(tokenizer)), encoder),
        unet=_loaded(stage_one_unet(), unet),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    # Written again: the pipeline's own saving replaces spiece.model by a converted file.
    save_tokenizer(spiece, folder / "tokenizer")
    _load_as_float32(folder / "text_encoder" / "config.json")


def save_stage_two(unet: bytes, folder: Path) -> None:
    """Write stage II to `folder`: unet and both schedulers. Stage I's encoder serves it too."""
    pipeline = _StageTwo(
        tokenizer=None,
        text_encoder=None,
        unet=_loaded(stage_two_unet(), unet),
        scheduler=scheduler("v_prediction"),
        image_noising_scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)


def _load_as_float32(config: Path) -> None:
    """transformers loads weights in the format they are saved in, diffusers in float32: without
    this the two halves of a pipeline loaded with no format given would not fit together."""
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["dtype"] = "float32"
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _loaded(network: nn.Module, weights: bytes) -> Any:
    network.load_state_dict(load(weights), strict=False)
    return network.to(torch.float16).eval()
