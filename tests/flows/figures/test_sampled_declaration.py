"""What a declaration of text-to-image panels may say, and how it is told what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks import BadInput
from tests.flows.figures.sampled import BOX, SAMPLED, changed, read


def refusal(tmp_path: Path, path: str, value: Any) -> list[str]:
    """What is said of the declaration with one value changed, a line a problem."""
    with pytest.raises(BadInput) as error:
        read(tmp_path, changed(path, value))
    file = str(tmp_path / "pipelines.yaml")
    return str(error.value).replace(file, "pipelines.yaml").splitlines()


def test_a_figure_of_each_plot_is_read(tmp_path: Path) -> None:
    declaration = read(tmp_path).declaration
    plots = [panel.plot for figure in declaration.figures.values() for panel in figure.panels]
    assert plots == [
        "step_counts",
        "prompts",
        "forward",
        "blur",
        "one_step",
        "iterative",
        "methods",
        "prompt_samples",
        "prompt_samples",
        "sdedit",
        "text_edit",
        "inpainting",
        "anagram",
        "hybrid",
        "factorized",
    ]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "turns/panels/0/view",
            "flop",
            '.name is "flop"; expected one of: flip, rotate_90_cw, rotate_90_ccw, rotate_180, '
            "negate, skew, patch_permutation, pixel_permutation, jigsaw, inner_circle, "
            "square_hinge",
        ),
        (
            "turns/panels/0/view",
            {"name": "skew", "max_displacement": 65},
            ".max_displacement is 65; expected at most 64",
        ),
        (
            "turns/panels/0/view",
            {"name": "flip", "max_displacement": 5},
            ".max_displacement is not a known key; Known here: name",
        ),
        (
            "turns/panels/0/view",
            {"name": "patch_permutation", "patches": 7},
            ".patches is 7; expected a divisor of 64, the width of the picture",
        ),
        (
            "edits/panels/0/i_starts",
            [0, 34],
            ".1 is 34; expected at most 33, the place of the last of the 34 timesteps 990, 960, "
            "..., 0 (text_to_image.first_timestep and text_to_image.stride)",
        ),
        ("edits/panels/0/i_starts", [3, 3], " holds 3 twice; expected each value once"),
        (
            "edits/panels/0/images",
            ["towre"],
            '.0 is "towre", which is not a declared image; nearest: tower',
        ),
        (
            "edits/panels/0/mask",
            BOX,
            " is not a known key; did you mean images? Known here: id, title, caption, plot, "
            "images, i_starts, prompt, guidance_scale",
        ),
        (
            "noise/panels/0/image",
            "gata",
            ' is "gata", which is not a declared image; nearest: gate',
        ),
        (
            "noise/panels/1/kernel",
            8,
            " is 8; expected an odd number, so that the kernel has a middle, such as 9",
        ),
        ("noise/panels/0/timesteps", [250, 1000], ".1 is 1000; expected at most 999"),
        (
            "denoising/panels/0/snapshots",
            [690, 100],
            ".1 is 100, which is not visited from i_start 10; expected one of the timesteps 690, "
            "660, ..., 0; nearest: 90",
        ),
        (
            "denoising/panels/0/snapshots",
            [720],
            ".0 is 720, which is not visited from i_start 10; expected one of the timesteps 690, "
            "660, ..., 0; nearest: 690",
        ),
        (
            "holes/panels/0/holes/0/mask/points",
            [[0.2, 0.2], [0.2, 0.7]],
            " is [[0.2, 0.2], [0.2, 0.7]], 0 wide and 0.5 high; expected at least a pixel of the "
            "64x64 image each way, 0.015625",
        ),
        ("holes/panels/0/holes/0/mask", ..., " is missing"),
        ("turns/panels/0/pairs/0/prompts", ["a dog"], ' is ["a dog"]; expected at least 2 entries'),
        ("turns/panels/0/pairs/0/seeds", [1, 1], " holds 1 twice; expected each value once"),
        (
            "distances/panels/0/kernel",
            32,
            " is 32; expected an odd number, so that the kernel has a middle, such as 33",
        ),
        ("components/panels/0/pictures/0/prompts", ["a", "b"], " has 2; expected 1, for colour"),
        (
            "components/panels/0/pictures/0/image",
            ...,
            " is missing; expected a reference image if, and only if, components.fixed names the "
            "component it decides",
        ),
        (
            "components/panels/0/components",
            {"name": "triple", "sigma_low": 1, "sigma_mid": 2},
            ".sigma_low is 1; expected more than sigma_mid, 2",
        ),
        (
            "components/panels/0/components",
            {"name": "scale", "weights": [0.5, 0.4]},
            ".weights sum to 0.9; expected them to sum to 1",
        ),
        ("steps/panels/0/steps", [10, 1001], ".1 is 1001; expected at most 1,000"),
        ("steps/panels/0/prompts", [""], '.0 is ""; expected at least 1 characters'),
        ("samples/panels/0/guidance_scale", -1, " is -1; expected at least 0"),
        (
            "noise/panels/0/plot",
            "forwards",
            ' is "forwards"; expected one of: anagram, anagram_rules, animation, ',
        ),
        ("guided/panels/0/seeds", [3, 3], " holds 3 twice; expected each value once"),
        (
            "towards/panels/0/edits/1/image",
            "gata",
            ' is "gata", which is not a declared image; nearest: gate',
        ),
        (
            "towards/panels/0/edits/1/mask/points",
            [[0.2, 0.2], [0.2, 0.7]],
            " is [[0.2, 0.2], [0.2, 0.7]], 0 wide and 0.5 high; expected",
        ),
        (
            "components/panels/0/components",
            {"name": "motion", "length": 4},
            ".length is 4; expected an odd number",
        ),
    ],
)
def test_wrong_value_is_told_with_what_is_expected(
    tmp_path: Path, path: str, value: Any, message: str
) -> None:
    lines = refusal(tmp_path, f"figures/{path}", value)
    told = f": figures.{path.replace('/', '.')}{message}"
    assert any(told in line for line in lines), lines


def test_stride_that_leaves_an_i_start_behind_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"i_start is 10; expected at most 9, the place of the last"):
        read(tmp_path).settle(None, ["text_to_image.stride=100"])


def test_pictures_of_a_panel_and_another_panel_do_not_share_a_name(tmp_path: Path) -> None:
    panel = {"id": "anagram-2", "plot": "forward", "image": "tower", "timesteps": [5]}
    data = changed("figures/turns/panels", [SAMPLED["figures"]["turns"]["panels"][0], panel])
    with pytest.raises(BadInput, match=r'panels\.1\.id is "anagram-2", as is another panel'):
        read(tmp_path, data)


def test_the_same_entry_twice_is_refused(tmp_path: Path) -> None:
    pair = {"prompts": ["a dog", "waterfalls"]}
    lines = refusal(tmp_path, "figures/turns/panels/0/pairs", [pair, pair])
    assert [line.partition(": ")[2] for line in lines] == [
        "figures.turns.panels.0.pairs.1 is the same as pairs.0; expected each entry once"
    ]


@pytest.mark.parametrize(
    "override",
    [
        "figures.edits.panels.0.i_starts=[1,2]",
        "figures.edits.panels.0.images.0=gate2",
        "figures.steps.panels.0.prompts.1=a volcano",
        "figures.turns.panels.0.pairs.0.prompts.0=a cat",
        "figures.turns.panels.0.view=negate",
        "figures.towards.panels.0.edits.1.mask.points.0=[0.1,0.1]",
        "figures.*.panels.*.guidance_scale=3",
        "text_to_image.prompt=a drawing",
        "text_to_image.stage_two.noise_level=50",
        "text_to_image.stage_two.illusion_noise_level=60",
    ],
)
def test_every_value_can_be_overridden(tmp_path: Path, override: str) -> None:
    data = changed("images/gate2", "gate.png")
    plain, settled = read(tmp_path, data).settle(), read(tmp_path, data).settle(None, [override])
    assert plain != settled


def test_view_may_be_given_by_name_alone(tmp_path: Path) -> None:
    short = read(tmp_path, changed("figures/turns/panels/0/view", "negate")).declaration
    long = read(tmp_path, changed("figures/turns/panels/0/view", {"name": "negate"})).declaration
    assert short == long
