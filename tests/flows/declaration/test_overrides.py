from __future__ import annotations

import re
import shlex

import pytest

from flows.declaration.read_declaration import read_declaration
from tasks import BadInput
from tests.flows.small_declaration import SMALL, small_file, spoiled, write


def refusal(tmp_path, *overrides: str, profile: str | None = None) -> str:
    file = small_file(tmp_path)
    with pytest.raises(BadInput) as error:
        file.settle(profile, overrides)
    return str(error.value).replace(file.name, "pipelines.yaml")


def test_override_changes_one_value(tmp_path):
    models = small_file(tmp_path).settle(None, ["models.flow.learning_rate=1e-4"]).models
    assert (models["flow"].learning_rate, models["ddpm"].learning_rate) == (1e-4, 0.01)


def test_star_changes_every_match(tmp_path):
    models = small_file(tmp_path).settle(None, ["models.d*.batch_size=7"]).models
    assert [model.batch_size for model in models.values()] == [7, 64, 7]


def test_star_reaches_only_panels_that_know_the_key(tmp_path):
    figures = small_file(tmp_path).settle(None, ["figures.*.panels.*.dataset=hub_digits"]).figures
    assert figures["noise"].panels[0].dataset == "hub_digits"


def test_list_entries_are_addressed_by_number(tmp_path):
    figures = small_file(tmp_path).settle(None, ["figures.flowing.panels.1.rows=3"]).figures
    assert figures["flowing"].panels[1].rows == 3


def test_key_that_the_file_leaves_out_can_be_set(tmp_path):
    settled = small_file(tmp_path).settle(None, ["models.*.steps_per_epoch=9", "seeds.training=4"])
    assert {model.steps_per_epoch for model in settled.models.values()} == {9}
    assert settled.seeds.training == 4


def test_user_wins_over_profile_and_the_last_wins(tmp_path):
    width = "models.flow.network.hidden_width"
    settled = small_file(tmp_path).settle("tiny", [f"{width}=16", f"{width}=32"])
    assert settled.models["flow"].network.hidden_width == 32
    assert settled.models["ddpm"].network.hidden_width == 4


def test_fewer_epochs_keep_the_checkpoints_that_fit(tmp_path):
    file = small_file(tmp_path)
    assert file.settle(None, ["models.flow.epochs=3"]).models["flow"].kept_epochs == [1, 3]
    assert file.settle(None, ["models.flow.epochs=20"]).models["flow"].kept_epochs == [1, 10, 20]


@pytest.mark.parametrize(
    ("checkpoints", "kept"),
    [("models.flow.checkpoints=[2]", [2]), ("models.*.checkpoints.1=2", [1, 2])],
)
def test_checkpoints_set_beside_epochs_are_left_alone(tmp_path, checkpoints, kept):
    overrides = [checkpoints, "models.flow.epochs=3"]
    assert small_file(tmp_path).settle(None, overrides).models["flow"].kept_epochs == kept


def test_overrides_leave_the_file_as_it_was(tmp_path):
    file = small_file(tmp_path)
    file.settle(None, ["models.flow.epochs=3"])
    assert file.settle().models["flow"].epochs == 10


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("models.flwo.epochs=3", "models has no 'flwo'; nearest: flow"),
        ("models.flow.epoch=3", "models.flow has no 'epoch'; nearest: epochs"),
        ("models.x*.epochs=3", "models has no 'x*'"),
        ("model.flow.epochs=3", "the declaration has no 'model'; nearest: models"),
        ("models.flow.epochs.more=3", "models.flow.epochs has no 'more'"),
        ("figures.flowing.panels.9.rows=3", "figures.flowing.panels has no '9'"),
        ("models.denoiser.sampler.steps=3", "models.denoiser has no 'sampler'"),
        ("models..epochs=3", "has an empty name between dots"),
        ("models.flow.epochs", "expected path=value"),
        ("=3", "expected path=value"),
        ("models.flow.epochs=[1", "not YAML"),
        ("profiles.tiny.title=x", "profiles cannot be overridden; edit the file"),
    ],
)
def test_override_that_matches_nothing_names_the_nearest(tmp_path, override, message):
    text = refusal(tmp_path, override)
    assert text.startswith(f"--set {override}")
    assert message in text


def test_wrong_value_is_traced_to_its_override(tmp_path):
    assert refusal(tmp_path, "models.flow.epochs=0") == (
        "--set models.flow.epochs=0: models.flow.epochs is 0; expected at least 1"
    )


def test_wrong_value_is_traced_to_its_profile(tmp_path):
    data = spoiled("profiles/tiny/set", {"models.*.batch_size": 0})
    file = read_declaration(write(tmp_path, data))
    with pytest.raises(BadInput) as error:
        file.settle("tiny")
    lines = str(error.value).replace(file.name, "pipelines.yaml").splitlines()
    assert lines[0] == (
        "pipelines.yaml, profile tiny: models.denoiser.batch_size is 0; expected at least 1"
    )
    assert len(lines) == len(SMALL["models"])


def test_profile_that_matches_nothing_is_refused(tmp_path):
    data = spoiled("profiles/tiny/set", {"models.*.widht": 0})
    file = read_declaration(write(tmp_path, data))
    with pytest.raises(BadInput, match=r"profile tiny: models\.\* has no 'widht'"):
        file.settle("tiny")


def test_value_of_the_file_that_no_longer_fits_names_the_override(tmp_path):
    text = refusal(tmp_path, "models.ddpm.data=hub_digits")
    beside = " with --set models.ddpm.data=hub_digits: "
    assert re.match(rf"pipelines.yaml, line \d+{re.escape(beside)}", text)


def test_unknown_profile_names_the_declared_ones(tmp_path):
    assert refusal(tmp_path, profile="tinny") == (
        "pipelines.yaml: no profile 'tinny'; did you mean tiny? Declared: plain, tiny"
    )


@pytest.mark.parametrize(
    "value",
    [
        *(
            "a cat #2",
            "#2",
            "[a, b] # c",
            "a: b",
            "a:",
            "- a",
            "? a",
            "&a b",
            "*a",
            "!a",
            "%a",
            "@a",
        ),
        *(
            "`a`",
            "|",
            "> a",
            "--- a",
            "... a",
            "[a",
            "{a",
            "'a",
            "a\nb",
            "'a' b",
            "[a] b",
            "{a: b #c}",
        ),
    ],
)
def test_text_that_yaml_would_take_for_something_else_is_to_be_quoted(tmp_path, value):
    text = refusal(tmp_path, f"models.flow.title={value}")
    assert text.startswith(f"--set models.flow.title={value}")
    assert "quote it: --set " in text
    (quoted,) = shlex.split(text.rpartition("--set ")[2])
    assert small_file(tmp_path).settle(None, [quoted]).models["flow"].title == value


@pytest.mark.parametrize(
    "value", ["a, b", "a:b", "C:\\a", "a#b", "it's", "50 % a", "a - b", "x=y", "<<"]
)
def test_text_that_yaml_takes_for_text_is_taken_whole(tmp_path, value):
    settled = small_file(tmp_path).settle(None, [f"models.flow.title={value}"])
    assert settled.models["flow"].title == value


def test_a_whole_is_set_before_its_parts_in_whatever_order(tmp_path):
    file = read_declaration(write(tmp_path, {**SMALL, "images": {"tower": "old.png"}}))
    overrides = [f"images.tower={tmp_path}/new.png", "images.tower.crop={side: 0.5}"]
    first, second = (file.settle(None, order).images for order in (overrides, overrides[::-1]))
    assert first == second
    assert (first["tower"].file, first["tower"].crop.side) == (f"{tmp_path}/new.png", 0.5)


def test_a_part_of_what_the_file_has_in_short_can_be_set(tmp_path):
    file = read_declaration(write(tmp_path, {**SMALL, "images": {"tower": "old.png"}}))
    tower = file.settle(None, ["images.tower.crop.side=0.5"]).images["tower"]
    assert (tower.file, tower.crop.side) == ("old.png", 0.5)
