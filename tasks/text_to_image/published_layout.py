"""Which files of a folder or repository a part of the model is made of, and what its configurations
say, read before its weights are.

The layout is the one in which DeepFloyd is published and diffusers saves:

    model_index.json
    tokenizer/spiece.model, tokenizer_config.json, ...
    text_encoder/config.json, model.fp16-00001-of-00002.safetensors, ...
    unet/config.json, diffusion_pytorch_model.fp16.safetensors
    scheduler/scheduler_config.json, image_noising_scheduler/scheduler_config.json
    safety_checker/, feature_extractor/, watermarker/    not read, see deepfloyd.py

A similarity model is in the layout in which transformers saves CLIP:

    config.json, preprocessor_config.json, model.safetensors
    vocab.json and merges.txt, or tokenizer.json

Weights are safetensors and nothing else: other formats run code when they are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import BadInput
from tasks.text_to_image.model_part import Component, ModelPart, or_pocket

INDEX = "model_index.json"
SCHEDULER = "scheduler/scheduler_config.json"
NOISING_SCHEDULER = "image_noising_scheduler/scheduler_config.json"

# Either will do; transformers turns the first into the second.
TOKENIZERS = ("tokenizer/spiece.model", "tokenizer/tokenizer.json")

WEIGHTS: dict[Component, tuple[str, str]] = {
    "text_encoder": ("text_encoder", "model"),
    "stage_one": ("unet", "diffusion_pytorch_model"),
    "stage_two": ("unet", "diffusion_pytorch_model"),
    "similarity": ("", "model"),
}
"""Folder of a component's weights, and how their files' names begin."""

CLIP_WORDS = (
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
"""What says how CLIP's texts become tokens; some repositories have more of these than others."""

_SUFFIX = "safetensors"


@dataclass(frozen=True)
class PartFiles:
    """Paths in the folder or repository, sorted. missing: phrases, such as "unet/config.json is
    missing"; a part is whole if there are none."""

    small: tuple[str, ...]
    weights: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.small, *self.weights)


def part_files(component: Component, variant: str | None, names: Collection[str]) -> PartFiles:
    """What of `names`, all files there are, the component needs."""
    names = set(names)
    required = _required(component)
    missing = [f"{name} is missing" for name in required if name not in names]
    small = set(required)
    if component == "text_encoder":
        # Whatever lies beside the vocabulary says how it is used.
        small |= {n for n in names if _is_of(n, "tokenizer") and n.endswith((".model", ".json"))}
        if not names.intersection(TOKENIZERS):
            missing.append(f"{TOKENIZERS[0]} is missing")
    if component == "similarity":
        small |= {name for name in names if name in CLIP_WORDS}
        if "tokenizer.json" not in names and not {"vocab.json", "merges.txt"} <= names:
            missing.append("vocab.json and merges.txt are missing")
    weights: list[str] = []
    if component in WEIGHTS:
        folder, prefix = WEIGHTS[component]
        weights, problem = _weights(folder, prefix, variant, names)
        missing += [problem] if problem else []
        small |= _shard_indexes(folder, prefix, variant, names)
    return PartFiles(tuple(sorted(small & names)), tuple(weights), tuple(missing))


def files_of_folder(folder: Path) -> list[str]:
    """All files of a model's folder, two levels deep, with / between."""
    found = [path for pattern in ("*", "*/*") for path in folder.glob(pattern)]
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def _required(component: Component) -> list[str]:
    if component == "scheduler":
        return [SCHEDULER]
    if component == "similarity":
        return ["config.json", "preprocessor_config.json"]
    if component == "text_encoder":
        return [INDEX, "text_encoder/config.json"]
    stage = [INDEX, "unet/config.json", SCHEDULER]
    return [*stage, NOISING_SCHEDULER] if component == "stage_two" else stage


def _is_of(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/") if folder else "/" not in name


def _stem(folder: str, prefix: str) -> str:
    return f"{folder}/{prefix}" if folder else prefix


def _weights(
    folder: str, prefix: str, variant: str | None, names: set[str]
) -> tuple[list[str], str | None]:
    """The files that hold the weights, in one or in shards, or what is wrong with them."""
    middle = f".{variant}" if variant else ""
    stem, where = _stem(folder, prefix), folder or "the folder"
    single = f"{stem}{middle}.{_SUFFIX}"
    if single in names:
        return [single], None
    # transformers puts the variant before the shard's number, diffusers after it.
    patterns = (
        rf"{stem}{re.escape(middle)}-(\d{{5}})-of-(\d{{5}})\.{_SUFFIX}",
        rf"{stem}-(\d{{5}})-of-(\d{{5}}){re.escape(middle)}\.{_SUFFIX}",
    )
    for pattern in patterns:
        shards = sorted(name for name in names if re.fullmatch(pattern, name))
        if shards:
            match = re.fullmatch(pattern, shards[0])
            assert match is not None
            count = int(match[2])
            if len(shards) == count:
                return shards, None
            lacking = count - len(shards)
            return shards, f"{lacking} of {count} files of {where}'s weights missing"
    return [], _why_no_weights(folder, prefix, variant, names)


def _why_no_weights(folder: str, prefix: str, variant: str | None, names: set[str]) -> str:
    wanted = f"{variant} weights" if variant else "weights"
    others = sorted(n for n in names if _is_of(n, folder) and n.endswith(f".{_SUFFIX}"))
    where = folder or "the folder"
    if others:
        other = others[0].removeprefix(f"{folder}/")
        advice = "null" if other.startswith((f"{prefix}.{_SUFFIX}", f"{prefix}-")) else "its name"
        return f"{where} has no {wanted}, but {other} (set the backend's variant to {advice})"
    if any(_is_of(name, folder) and name.endswith(".bin") for name in names):
        return (
            f"{where} has its weights as .bin alone, a format that can run code and is never "
            "read here; save them as safetensors"
        )
    return f"{where} has no {wanted}"


def _shard_indexes(folder: str, prefix: str, variant: str | None, names: set[str]) -> set[str]:
    index = f"{_stem(folder, prefix)}.{_SUFFIX}.index"
    return {f"{index}.{variant}.json" if variant else f"{index}.json"} & names


CHANNELS = {"stage_one": 3, "stage_two": 6}
"""Into the U-Net: the noisy image, and in stage II the upscaled one beside it."""

NOISIEST_JUDGED = 850
"""The last of the timesteps at which tries are judged (tasks.diffusion.trajectories.one_step)."""

CHANNELS_OUT = 6
"""Noise and variance."""


def read_scheduler_config(folder: Path, name: str = SCHEDULER) -> dict[str, Any]:
    """Settings of a noise schedule as the file has them; NOISING_SCHEDULER is that by which stage
    II noises the image that it enlarges. Raises BadInput."""
    return _read(folder / name)


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


def check_timesteps(part: ModelPart, folder: Path, asked: Iterable[Mapping[str, Any]]) -> None:
    """Raise BadInput for timesteps that the schedule of the part does not have.

    asked: parameters of the nodes that are to use it.
    """
    if part.component not in ("scheduler", "stage_one", "stage_two"):
        return
    config = read_scheduler_config(folder)
    count = _num_timesteps(part, config)
    of_noise = count
    if part.component == "stage_two":
        of_noise = _num_timesteps(part, read_scheduler_config(folder, NOISING_SCHEDULER))
    for one in asked:
        timesteps = one.get("timesteps")
        if isinstance(timesteps, Mapping) and timesteps["kind"] == "strided":
            _require_timestep(
                part, "text_to_image.first_timestep", timesteps["first"], range(count)
            )
        elif isinstance(timesteps, Mapping):
            _require_steps(
                part, "steps of a panel", timesteps["num_inference_steps"], config, count
            )
        elif timesteps is not None:
            setting = "timesteps of a panel (or text_to_image.first_timestep)"
            for t in timesteps:
                _require_timestep(part, setting, t, range(count))
        if one.get("score") == "alignment":
            _require_timestep(part, "tries of a panel", NOISIEST_JUDGED, range(count))
        if "noise_level" in one:
            setting = "text_to_image.stage_two.noise_level (or illusion_noise_level)"
            _require_timestep(part, setting, one["noise_level"], range(of_noise))
            setting = "text_to_image.stage_two.num_inference_steps (null: as many as stage I takes)"
            _require_steps(part, setting, one["num_inference_steps"], config, count)


def _num_timesteps(part: ModelPart, config: Mapping[str, Any]) -> int:
    """T of a schedule; diffusers takes 1000 where the file says nothing."""
    trained = config.get("trained_betas")
    count = config.get("num_train_timesteps", 1000) if trained is None else len(trained)
    if type(count) is not int or count < 1:
        raise _wrong(
            part, f"has a scheduler whose num_train_timesteps is {count!r}; expected 1 or more"
        )
    return count


def _require_timestep(part: ModelPart, setting: str, t: int, allowed: range) -> None:
    if t not in allowed:
        raise BadInput(
            f"{part.title}: its scheduler has {len(allowed)} timesteps, and {setting} asks for "
            f"t = {t}; expected 0 to {allowed[-1]}{or_pocket(part)}"
        )


def _require_steps(
    part: ModelPart, setting: str, steps: int, config: Mapping[str, Any], count: int
) -> None:
    if steps > count:
        raise BadInput(
            f"{part.title}: its scheduler has {count} timesteps, and {setting} asks for {steps} "
            f"inference steps; expected 1 to {count}{or_pocket(part)}"
        )
    offset = config.get("steps_offset", 0)
    if config.get("timestep_spacing", "leading") == "leading" and isinstance(offset, int):
        noisiest = (steps - 1) * (count // steps) + offset
        _require_timestep(part, f"{setting}, {steps}, with steps_offset", noisiest, range(count))


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
    expected = {"prediction_type": ("epsilon", "v_prediction"), "variance_type": ("learned_range",)}
    for name, values in expected.items():
        if config.get(name) not in values:
            wanted = " or ".join(map(repr, values))
            text = f"has a scheduler whose {name} is {config.get(name)!r}; expected {wanted}"
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
