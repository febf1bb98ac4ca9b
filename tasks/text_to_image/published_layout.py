"""Which files of a folder or repository a part of the model is made of.

The layout is the one in which DeepFloyd is published and diffusers saves:

    model_index.json
    tokenizer/spiece.model, tokenizer_config.json, ...
    text_encoder/config.json, model.fp16-00001-of-00002.safetensors, ...
    unet/config.json, diffusion_pytorch_model.fp16.safetensors
    scheduler/scheduler_config.json, image_noising_scheduler/scheduler_config.json
    safety_checker/, feature_extractor/, watermarker/    not read, see stages.py

A similarity model is in the layout in which transformers saves CLIP:

    config.json, preprocessor_config.json, model.safetensors
    vocab.json and merges.txt, or tokenizer.json

Weights are safetensors and nothing else: other formats run code when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tasks.text_to_image.model_part import Component

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
            return (
                shards,
                f"{count - len(shards)} of {count} files of {where}'s weights missing",
            )
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
