"""A small declaration of text-to-image figures, one of each plot, and ways to spoil it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.nodes.trajectory_nodes import ModelPart
from flows.plan.expand import expand
from tasks.store.node import Node
from tests.flows.fake_kinds import PIXEL
from tests.flows.small_declaration import spoiled, write

BOX = {"shape": "box", "points": [[0.25, 0.25], [0.75, 0.75]]}


def figure(seed: int, *panels: dict[str, Any]) -> dict[str, Any]:
    return {"section": "A", "title": "Figure", "seed": seed, "panels": list(panels)}


SAMPLED: dict[str, Any] = {
    "version": 1,
    "datasets": {"digits": {"source": "scikit-learn", "title": "Digits"}},
    "backends": {
        "small": {"title": "Small IF", "stage_one": "models/one", "stage_two": "models/two"},
        "other": {"title": "Other IF", "stage_one": "models/other"},
    },
    "backend": "small",
    "images": {
        "tower": {"file": "tower.png", "title": "A tower", "licence": "CC0", "credit": "somebody"},
        "gate": "gate.png",
    },
    "text_to_image": {"stage_two": {"num_inference_steps": 8}},
    "figures": {
        "steps": figure(
            1,
            {
                "plot": "step_counts",
                "prompts": ["a rocket ship", "a man wearing a hat"],
                "steps": [10, 20],
                "stage_two": True,
            },
        ),
        "prompts": figure(
            1, {"plot": "prompts", "prompts": ["a panda", "a panda in a forest"], "steps": 30}
        ),
        "noise": figure(
            2,
            {"plot": "forward", "image": "tower", "timesteps": [250, 500]},
            {"plot": "blur", "image": "tower", "timesteps": [250, 500], "kernel": 7},
            {"plot": "one_step", "image": "tower", "timesteps": [250, 500]},
        ),
        "denoising": figure(
            2,
            {"plot": "iterative", "image": "tower", "i_start": 10, "snapshots": [690, 90]},
            {"plot": "methods", "image": "tower", "i_start": 10, "kernel": 13, "sigma": 2},
        ),
        "samples": figure(3, {"plot": "prompt_samples", "count": 2, "guidance_scale": 1}),
        "guided": figure(3, {"plot": "prompt_samples", "seeds": [3, 7]}),
        "edits": figure(4, {"plot": "sdedit", "images": ["tower", "gate"], "i_starts": [0, 20]}),
        "towards": figure(
            4,
            {
                "plot": "text_edit",
                "i_starts": [5, 10],
                "edits": [
                    {"image": "tower", "prompt": "a rocket ship"},
                    {"image": "gate", "prompt": "a pencil", "mask": BOX, "seed": 9},
                ],
            },
        ),
        "holes": figure(
            5, {"plot": "inpainting", "tries": 2, "holes": [{"image": "tower", "mask": BOX}]}
        ),
        "turns": figure(
            6,
            {
                "plot": "anagram",
                "view": "flip",
                "versions": 2,
                "pairs": [{"prompts": ["a dog", "waterfalls"]}],
            },
        ),
        "distances": figure(
            7,
            {
                "plot": "hybrid",
                "tries": 2,
                "pairs": [{"near": "flowers", "far": "a skull", "seeds": [8]}],
            },
        ),
        "components": figure(
            8,
            {
                "plot": "factorized",
                "components": {"name": "grey_colour", "fixed": "grey"},
                "pictures": [{"prompts": ["a sunset"], "image": "gate"}],
            },
        ),
    },
    "pipelines": {
        "all": {"title": "All", "figures": ["*"]},
        "samples": {"title": "Samples", "figures": ["samples"]},
    },
    "profiles": {"plain": {"title": "As declared", "number_format": "float32"}},
    "default_profile": "plain",
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The declaration with one value changed, added or, for `...`, removed."""
    return spoiled(path, value, SAMPLED)


def read(folder: Path, data: dict[str, Any] = SAMPLED) -> DeclarationFile:
    """Written to `folder`, with its images."""
    for name in ("tower", "gate"):
        (folder / f"{name}.png").write_bytes(PIXEL + name.encode())
    return read_declaration(write(folder, data))


def fake_part(component: str) -> dict[str, Any]:
    return {"address": f"models/{component}"}


def nodes_of(
    folder: Path, data: dict[str, Any] = SAMPLED, part: ModelPart = fake_part
) -> dict[str, Node]:
    nodes = expand(read(folder, data).settle(), folder, part)
    return {node.name: node for node in nodes}
