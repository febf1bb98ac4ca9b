"""What stands beside the pictures of text-to-image panels, written from their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.plan.plan import make_plan
from tests.flows.figures.sampled import SAMPLED, changed, read


def shown(tmp_path: Path, data: dict[str, Any] = SAMPLED, *overrides: str) -> dict[str, Any]:
    """Panel of the layout by "<figure>/<id>"."""
    plan = make_plan(read(tmp_path, data), "all", None, None, overrides=overrides, device="cpu")
    return {
        f"{figure['id']}/{panel['id']}": panel
        for figure in plan.layout["figures"]
        for panel in figure["panels"]
    }


@pytest.fixture
def panels(tmp_path: Path) -> dict[str, Any]:
    return shown(tmp_path)


@pytest.mark.parametrize(
    ("panel", "caption"),
    [
        (
            "steps/step_counts",
            "“a rocket ship” and “a man wearing a hat” in 10 and 20 inference steps "
            "from the same noise, guidance 7; enlarged by stage II in 8 steps, noise level 250, "
            "guidance 4. Model: Small IF. Seed 1.",
        ),
        (
            "noise/forward",
            "A tower under sqrt(abar_t) x + sqrt(1 - abar_t) eps at t = 250 and 500. Noise "
            "schedule of the model. Model: Small IF. Seed 2.",
        ),
        (
            "noise/blur",
            "A tower noised to t = 250 and 500, under a Gaussian blur of kernel 7, sigma = 1.4, "
            "and under the blur that comes closest to the original at each t. Noise schedule of "
            "the model. Model: Small IF. Seed 2.",
        ),
        (
            "denoising/iterative",
            "A tower noised to i_start = 10 (t = 690) and denoised with stride 30: "
            "x_t before the step at t = 690 and 90, and the result. Prompt “a high quality "
            "photo”, without guidance. Model: Small IF. Seed 2.",
        ),
        (
            "samples/prompt_samples",
            "Samples of “a high quality photo” from noise, t = 990, 960, ..., 0, "
            "stride 30, without guidance. Model: Small IF. Seeds 3 and 4.",
        ),
        (
            "edits/sdedit",
            "A tower and gate noised to i_start = 0 and 20 (t = 990 and 390) and denoised "
            "with stride 30, prompt “a high quality photo”, guidance 7. Model: Small IF. Seed 4.",
        ),
        (
            "holes/inpainting-tries",
            "All 2 tries of each; outlined, the one kept for the smoothest seam, the gradient "
            "across the edge of the mask against that inside. Seeds 5 and 6.",
        ),
        (
            "turns/anagram-2",
            "The picture turned: “a dog” upright, “waterfalls” upside down; seed 7.",
        ),
        (
            "distances/hybrid-1",
            "The picture moved away: “flowers” near, “a skull” far, the best of 2 tries; seeds 8 "
            "and 9.",
        ),
    ],
)
def test_caption_says_what_was_done(panels: dict[str, Any], panel: str, caption: str) -> None:
    assert panels[panel]["caption"] == caption


def test_every_picture_has_caption_title_and_settings(panels: dict[str, Any]) -> None:
    assert len(panels) == 20
    assert all(p["caption"] and p["title"] and p["settings"] for p in panels.values())


def test_caption_follows_overrides_and_the_backend(tmp_path: Path) -> None:
    panels = shown(
        tmp_path,
        SAMPLED,
        "text_to_image.stride=15",
        "backend=other",
        "figures.steps.panels.0.stage_two=false",
    )
    caption = panels["samples/prompt_samples"]["caption"]
    assert "t = 990, 975, ..., 0, stride 15" in caption
    assert "Model: Other IF." in caption


@pytest.mark.parametrize(
    ("figure", "panel"),
    [("turns", "anagram"), ("distances", "hybrid"), ("components", "factorized")],
)
def test_caption_has_the_noise_level_of_an_illusion(
    tmp_path: Path, figure: str, panel: str
) -> None:
    panels = shown(tmp_path, changed(f"figures/{figure}/panels/0/stage_two", True))
    enlarged = "enlarged by stage II in 8 steps, noise level {}, guidance 4"
    assert enlarged.format(50) in panels[f"{figure}/{panel}"]["caption"]
    assert enlarged.format(250) in panels["steps/step_counts"]["caption"]


def test_own_caption_takes_the_place_of_the_first(tmp_path: Path) -> None:
    panels = shown(tmp_path, changed("figures/turns/panels/0/caption", "Mine."))
    assert panels["turns/anagram"]["caption"] == "Mine."
    assert panels["turns/anagram-1"]["caption"].startswith("The picture turned")


def test_settings_name_images_with_their_licences(panels: dict[str, Any]) -> None:
    settings = dict(panels["edits/sdedit"]["settings"])
    assert settings["images"] == "A tower (somebody, CC0), gate"
    assert settings["i_start"] == "0, 20"
    assert settings["starts at t"] == "990, 390"


def test_settings_of_an_animation_are_those_of_its_picture(panels: dict[str, Any]) -> None:
    assert dict(panels["turns/anagram"]["settings"])["seeds"] == "6, 7"
    assert dict(panels["turns/anagram-2"]["settings"])["seeds"] == "7"
