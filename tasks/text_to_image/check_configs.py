"""What the configurations of a model say of it, read before its weights are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks import BadInput
from tasks.text_to_image.hub_refusal import or_pocket
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.published_layout import INDEX, NOISING_SCHEDULER, SCHEDULER

CHANNELS = {"stage_one": 3, "stage_two": 6}
"""Into the U-Net: the noisy image, and in stage II the upscaled one beside it."""

CHANNELS_OUT = 6
"""Noise and variance."""


def read_scheduler_config(folder: Path, name: str = SCHEDULER) -> dict[str, Any]:
    """Settings of the noise schedule as the file has them. Raises BadInput."""
    return _read(folder / name)


def read_noising_config(folder: Path) -> dict[str, Any]:
    """Settings of the schedule by which stage II noises the image that it enlarges."""
    return _read(folder / NOISING_SCHEDULER)


def check_configs(part: ModelPart, folder: Path) -> None:
    """Raise BadInput if the folder is not of the kind of model that its place asks for."""
    if part.component == "scheduler":
        _check_scheduler(part, read_scheduler_config(folder))
        return
    if part.component == "similarity":
        kind = _read(folder / "config.json").get("model_type")
        if kind != "clip":
            raise _wrong(part, f"is a model of type {kind!r}; expected clip")
        return
    pipeline = _read(folder / INDEX).get("_class_name", "")
    if not str(pipeline).startswith("IF"):
        raise _wrong(
            part, f"is a {pipeline or 'model'}; expected an IFPipeline, as DeepFloyd has it"
        )
    if part.component == "text_encoder":
        return
    _check_scheduler(part, read_scheduler_config(folder))
    unet = _read(folder / "unet/config.json")
    expected = CHANNELS[part.component]
    if unet.get("in_channels") != expected:
        other = "stage_two" if expected == CHANNELS["stage_one"] else "stage_one"
        meant = f"; is it meant for {other}?" if unet.get("in_channels") == CHANNELS[other] else ""
        text = (
            f"has a U-Net of {unet.get('in_channels')} input channels; expected {expected}{meant}"
        )
        raise _wrong(part, text)
    if unet.get("out_channels") != CHANNELS_OUT:
        text = f"has a U-Net of {unet.get('out_channels')} output channels; expected {CHANNELS_OUT}"
        raise _wrong(part, f"{text}, noise and variance")


def embedding_width(part: ModelPart, folder: Path) -> int:
    """d of the prompt embeddings [77, d] that the part gives or takes."""
    if part.component == "text_encoder":
        width = _read(folder / "text_encoder/config.json").get("d_model")
    else:
        unet = _read(folder / "unet/config.json")
        width = unet.get("encoder_hid_dim") or unet.get("cross_attention_dim")
    if not isinstance(width, int):
        raise _wrong(part, "does not say how wide its prompt embeddings are")
    return width


def _check_scheduler(part: ModelPart, config: Mapping[str, Any]) -> None:
    expected = {"prediction_type": "epsilon", "variance_type": "learned_range"}
    for name, value in expected.items():
        if config.get(name) != value:
            text = f"has a scheduler whose {name} is {config.get(name)!r}; expected {value!r}"
            raise _wrong(part, text)


def _wrong(part: ModelPart, text: str) -> BadInput:
    return BadInput(
        f"{part.title} {text}; correct {part.declared_at}.{_field(part)}{or_pocket(part)}"
    )


def _field(part: ModelPart) -> str:
    if part.component == "similarity":
        return "model"
    return "stage_two" if part.component == "stage_two" else "stage_one"


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as JSON ({error}); fetch it again") from error
    if not isinstance(values, dict):
        raise BadInput(f"{path}: expected a mapping of settings; fetch it again")
    return values
