"""A recipe keeps the order of its phases, whatever order its parameters come in."""

from __future__ import annotations

from tasks.pocket.model_card import stage_one_card
from tasks.pocket.training_loop import PocketRecipe

SETTINGS = {"steps": 10, "batch_size": 4, "learning_rate": 1e-3}
PARAMS = {
    "styles": {"plain": 1.0},
    "photographs": {"scenes": 12},
    "phases": {name: SETTINGS for name in ("whole", "words")},
}


def test_phases_follow_each_other_as_they_are_trained() -> None:
    assert list(PocketRecipe.from_params(PARAMS).phases) == ["words", "whole"]


def test_card_lists_phases_in_the_order_of_training() -> None:
    card = stage_one_card(
        PARAMS,
        {"parameters": 1e6, "training_seconds": 3600.0},
        dict.fromkeys(
            ("accuracy", "style_accuracy", "accuracy_seed_0", "grain", "grain_drawn",
             "onestep_psnr_390", "onestep_psnr_690", "edit_psnr_20", "edits_faithful",
             "hole_psnr"), 0.5,
        ),
        {"guidance_scale": 7.0, "guidance_interval": [500, 990]},
        ["An artist, MIT"],
    )  # fmt: skip
    assert "percent of samples at guidance 7 from t = 990 to 500 (first choice" in card
    assert [line.split()[1] for line in card.splitlines() if " 0.001 |" in line] == [
        "words",
        "whole",
    ]
