from __future__ import annotations

import pytest

from tasks.report.wording import duration, model_recipe, moment, number, plain, slug


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0844321, "0.08443"), (2019201.0, "2,019,201"), (1234.5, "1,234"), (0.0, "0"), (1.0, "1")],
)
def test_numbers_have_four_digits_and_whole_ones_no_fraction(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4213, "0.42 s"), (42.4, "42 s"), (192, "3 min 12 s"), (7500, "2 h 05 min"), (None, "")],
)
def test_durations_read_in_the_largest_fitting_unit(seconds, text):
    assert duration(seconds) == text


def test_times_are_told_in_utc_whatever_their_zone():
    assert moment("2026-01-02T03:04:05+02:00") == "2026-01-02 01:04 UTC"
    assert moment("yesterday") == "yesterday"


def test_json_values_read_as_words():
    assert plain([1, 0.5, True, None, {"guidance_scale": 5.0}]) == (
        "1, 0.5, yes, none, guidance scale 5"
    )


@pytest.mark.parametrize("text", ["../../etc", "a/b", "<b>", "", "Ünï", "w1-class"])
def test_slugs_hold_nothing_that_means_something_in_a_path_or_page(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and slug(text)


def test_recipe_names_width_objective_and_training_and_leaves_out_what_is_not_set():
    recipe = model_recipe(
        {
            "network": {"hidden_width": 64, "num_classes": 0},
            "objective": {"beta_end": 0.02, "kind": "ddpm", "num_timesteps": 300, "p_uncond": 0},
            "epochs": 10,
            "ema_decay": None,
            "checkpoints": [1, 5],
        }
    )
    assert recipe == "D = 64; ddpm, beta end 0.02, T = 300; epochs 10"
