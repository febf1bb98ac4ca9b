"""A declaration small enough to know by heart, and ways to spoil it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from flows.declaration.read_declaration import DeclarationFile, read_declaration

REPOSITORY = Path(__file__).parents[2]

SMALL: dict[str, Any] = {
    "version": 1,
    "datasets": {
        "digits": {"source": "scikit-learn", "title": "Digits"},
        "hub_digits": {
            "source": "hub",
            "title": "Hub digits",
            "folder": "hub_digits",
            "repository": "owner/hub-digits",
            "pixels_sha256": {"train": "a" * 64, "test": "b" * 64},
            "labels_sha256": {"train": "c" * 64, "test": "d" * 64},
            "rows": {"train": 600, "test": 100},
        },
    },
    "classifiers": {
        "reader": {"data": "digits", "batch_size": 64, "epochs": 2, "learning_rate": 0.001}
    },
    "models": {
        "denoiser": {
            "title": "Denoiser",
            "data": "digits",
            "network": {"hidden_width": 8},
            "objective": {"kind": "denoiser", "sigma": 0.5},
            "batch_size": 64,
            "epochs": 5,
            "learning_rate": 0.001,
            "checkpoints": [1, 5],
            "measure": {"sigmas": [0.0, 0.5, 1.0]},
        },
        "flow": {
            "title": "Flow",
            "data": "digits",
            "network": {"hidden_width": 8, "time_conditioning": "multiply", "num_classes": 10},
            "objective": {"kind": "flow_matching", "p_uncond": 0.1},
            "batch_size": 64,
            "epochs": 10,
            "learning_rate": 0.01,
            "checkpoints": [1, 10],
            "sampler": {"method": "euler", "steps": 20, "guidance_scale": 3.0},
            "classifier": "reader",
            "measure": {"samples": 100, "guidance_scales": [0.0, 2.5], "sweep_samples": 50},
        },
        "ddpm": {
            "title": "DDPM",
            "data": "digits",
            "network": {"hidden_width": 8, "time_conditioning": "add"},
            "objective": {"kind": "ddpm"},
            "batch_size": 64,
            "epochs": 4,
            "learning_rate": 0.01,
            "sampler": {"method": "ddpm"},
            "classifier": "reader",
            "measure": {"samples": 100},
        },
    },
    "figures": {
        "noise": {
            "section": "B1",
            "title": "Noise",
            "seed": 1,
            "panels": [{"plot": "noising", "dataset": "digits", "sigmas": [0.0, 1.0]}],
        },
        "denoising": {
            "section": "B2",
            "title": "Denoising",
            "seed": 2,
            "panels": [
                {"plot": "loss_curve", "models": ["denoiser"]},
                {"plot": "denoised", "model": "denoiser", "digits": 3},
                {"plot": "sigma_row", "model": "denoiser"},
            ],
        },
        "flowing": {
            "section": "B3",
            "title": "Flowing",
            "seed": 3,
            "panels": [
                {"plot": "loss_curve", "models": ["flow"]},
                {"plot": "samples", "model": "flow", "rows": 2},
                {"plot": "animation", "model": "flow", "rows": 2, "frames": 5},
                {"plot": "guidance_sweep", "model": "flow"},
            ],
        },
        "diffusing": {
            "section": "B4",
            "title": "Diffusing",
            "seed": 3,
            "panels": [
                {"plot": "class_histogram", "model": "ddpm"},
                {"plot": "comparison", "models": ["ddpm", "flow"], "rows": 2},
            ],
        },
    },
    "pipelines": {
        "first": {"title": "First", "figures": ["noise", "denoising"]},
        "all": {"title": "All", "figures": ["*"]},
    },
    "profiles": {
        "plain": {"title": "As declared"},
        "tiny": {"title": "Tiny", "set": {"models.*.network.hidden_width": 4}},
    },
    "default_profile": "plain",
}


def spoiled(path: str, value: Any, declared: dict[str, Any] = SMALL) -> dict[str, Any]:
    """A copy of a declaration with one value changed, added or, for `...`, removed."""
    data = copy.deepcopy(declared)
    place: Any = data
    *parents, last = path.split("/")
    for name in parents:
        place = place[int(name) if isinstance(place, list) else name]
    key = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return data


def write(folder: Path, data: Any) -> Path:
    path = folder / "pipelines.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False))
    return path


def small_file(folder: Path) -> DeclarationFile:
    return read_declaration(write(folder, SMALL))


def real_file() -> DeclarationFile:
    """The repository's own declaration."""
    return read_declaration(REPOSITORY / "pipelines.yaml")
