from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.declaration.read_declaration import read_declaration
from flows.declaration.strict_yaml import parse_yaml
from tasks import BadInput
from tests.flows.small_declaration import SMALL, real_file, spoiled, write


def refusal(tmp_path, data: Any) -> str:
    """What a user reads about a file with `data`, without the path of the file."""
    path = write(tmp_path, data)
    with pytest.raises(BadInput) as error:
        read_declaration(path)
    return str(error.value).replace(str(path), "pipelines.yaml")


def test_declaration_of_the_repository_is_accepted_under_every_profile():
    file = real_file()
    for profile in file.declaration.profiles:
        assert file.settle(profile).figures.keys() == file.declaration.figures.keys()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("models/flow/epochs", 0, "models.flow.epochs is 0; expected at least 1"),
        ("models/flow/epochs", "5", 'models.flow.epochs is "5"; expected a whole number'),
        ("models/flow/epochs", 5.0, "models.flow.epochs is 5.0; expected a whole number"),
        ("models/flow/epochs", True, "models.flow.epochs is true; expected a whole number"),
        ("models/flow/epochs", 10**9, "models.flow.epochs is 1000000000; expected at most 10,000"),
        ("models/flow/epochs", ..., "models.flow.epochs is missing"),
        ("models/flow/epoch", 3, "models.flow.epoch is not a known key; did you mean epochs?"),
        ("models/flow/batch_size", 0, "models.flow.batch_size is 0; expected at least 1"),
        ("models/flow/learning_rate", -1.0, "learning_rate is -1.0; expected more than 0"),
        ("models/flow/learning_rate", float("nan"), "is .nan; expected a finite number"),
        ("models/flow/learning_rate", float("inf"), "is .inf; expected a finite number"),
        ("models/flow/network/hidden_width", 0, "hidden_width is 0; expected at least 1"),
        ("models/flow/network/hidden_width", 10**6, "hidden_width is 1000000; expected at most"),
        ("models/flow/network/num_classes", 7, "num_classes is 7; expected one of: 0, 10"),
        ("models/flow/objective/p_uncond", 1.0, "p_uncond is 1.0; expected less than 1"),
        ("models/flow/objective/p_uncond", -0.1, "p_uncond is -0.1; expected at least 0"),
        ("models/ddpm/objective/num_timesteps", 1, "num_timesteps is 1; expected at least 2"),
        ("models/ddpm/objective/beta_start", 0.5, "beta_start is 0.5; expected at most beta_end"),
        ("models/flow/sampler/steps", 0, "models.flow.sampler.steps is 0; expected at least 1"),
        ("models/flow/objective/kind", "flow", "expected one of: denoiser, pure_noise, ddpm, flow"),
        ("models/flow/objective", 3, "models.flow.objective is 3; expected a mapping"),
        ("models/denoiser/objective/sigma", -1.0, "objective.sigma is -1.0; expected at least 0"),
        ("models/denoiser/measure/sigmas", [], "sigmas is []; expected at least 1 entry"),
        ("models/denoiser/measure/sigmas", [-1.0], "measure.sigmas.0 is -1.0; expected at least 0"),
        ("models/denoiser/sampler", {}, "models.denoiser.sampler is not a known key"),
        ("models/flow/checkpoints", [], "models.flow.checkpoints is []; expected at least 1"),
        ("figures/noise/panels/0/plot", "nosing", 'panels.0.plot is "nosing"; expected one of'),
        ("figures/noise/panels/0/plot", ..., "figures.noise.panels.0.plot is missing"),
        ("figures/noise/panels", {}, "figures.noise.panels is {}; expected a list"),
        ("datasets/digits/source", "hub2", 'datasets.digits.source is "hub2"; expected one of'),
        ("datasets/digits/test_fraction", 1.0, "test_fraction is 1.0; expected at most 0.99"),
        ("datasets/hub_digits/folder", "../up", 'folder is "../up"; expected a name'),
        ("datasets/hub_digits/pixels_sha256/train", "x", "expected 64 hexadecimal digits"),
        ("models/flow", 3, "models.flow is 3; expected a mapping"),
        ("models", None, "models is null; expected a mapping"),
        ("version", 2, "version is 2; expected 1"),
        ("extra", 1, "extra is not a known key"),
    ],
)
def test_value_out_of_range_is_named_with_what_is_allowed(tmp_path, path, value, message):
    text = refusal(tmp_path, spoiled(path, value))
    assert text.startswith("pipelines.yaml")
    assert message in text


@pytest.mark.parametrize("name", ["a/b", "a.b", "..", "A", "_a", "a b", "é", "", "a" * 65, "a\nb"])
@pytest.mark.parametrize("section", ["datasets", "models", "figures", "pipelines", "profiles"])
def test_name_that_could_not_be_a_file_name_is_refused(tmp_path, section, name):
    first = next(iter(SMALL[section].values()))
    data = spoiled(section, {**SMALL[section], name: first})
    assert "is not a name; expected a name of lower-case letters" in refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("models/flow/data", "digit", "which is not a declared data set; nearest: digits"),
        ("models/flow/classifier", "read", "not a declared classifier; nearest: reader"),
        ("classifiers/reader/data", "x", "not a declared data set; expected one of: digits, hub"),
        ("figures/flowing/panels/1/model", "flo", "not a declared model; nearest: flow"),
        ("figures/noise/panels/0/dataset", "hub", "is not a declared data set"),
        ("figures/flowing/panels/0/models", ["fly"], "panels.0.models.0 is"),
        ("pipelines/first/figures", ["x-*"], 'first.figures.0 is "x-*", which matches no figure'),
        ("default_profile", "plane", "is not a declared profile; nearest: plain"),
        (
            "models/flow/batch_size",
            1438,
            "is 1438; expected at most 1437, the training images of digits",
        ),
        ("classifiers/reader/batch_size", 2000, "classifiers.reader.batch_size is 2000"),
        (
            "models/flow/checkpoints",
            [1, 30],
            "training ends after epoch 10; expected epochs up to 10 "
            "(--set models.flow.checkpoints=[1,10] or --set models.flow.epochs=30)",
        ),
        ("models/flow/checkpoints", [1, 1, 10], "models.flow.checkpoints holds 1 twice"),
        (
            "figures/flowing/panels/1/epochs",
            [5],
            "asks for epoch 5 of flow, which keeps checkpoints after 1, 10; expected some of these "
            "(or --set models.flow.checkpoints=[1,5,10])",
        ),
        (
            "figures/flowing/panels/1/epochs",
            [20],
            "--set models.flow.checkpoints=[1,10,20] --set models.flow.epochs=20",
        ),
        ("figures/flowing/panels/1/columns", 8, "columns is 8; expected 10, a column for each"),
        ("figures/flowing/panels/3/model", "ddpm", "guidance_sweep needs a class-conditioned"),
        ("figures/diffusing/panels/0/model", "flow", "class_histogram needs an unconditional"),
        ("figures/denoising/panels/1/model", "flow", "needs a model whose objective is denoiser"),
        ("figures/flowing/panels/1/model", "denoiser", "samples needs a model whose objective is"),
        ("figures/flowing/panels/1/id", "animation", "as is another panel of the figure"),
        ("models/flow/sampler", {"method": "ddpm"}, "the objective is flow_matching; expected one"),
        (
            "models/ddpm/sampler",
            {"method": "euler"},
            "objective is ddpm; expected one of: ddpm, ddim",
        ),
        ("models/ddpm/sampler/guidance_scale", 2.0, "needs a class-conditioned model"),
        ("models/ddpm/objective/p_uncond", 0.1, "is 0.1, which needs a class-conditioned model"),
        ("models/flow/objective/p_uncond", 0.0, "guidance needs a network that has also seen no"),
        ("models/flow/measure", ..., "models.flow.measure is missing; classifier needs it"),
        ("models/flow/classifier", ..., "models.flow.classifier is missing; measure needs it"),
        ("classifiers/reader/data", "hub_digits", "so its samples cannot be measured by it"),
        ("models/flow/measure/guidance_scales", [1.0, 1.0], 'holds "1" twice'),
    ],
)
def test_values_that_do_not_fit_together_are_named(tmp_path, path, value, message):
    assert message in refusal(tmp_path, spoiled(path, value))


def test_all_problems_are_listed_at_once(tmp_path):
    data = spoiled("models/flow/epochs", 0)
    data["models"]["denoiser"]["batch_size"] = -3
    data["figures"]["noise"]["seed"] = "one"
    lines = refusal(tmp_path, data).splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == [
        "models.denoiser.batch_size",
        "models.flow.epochs",
        "figures.noise.seed",
    ]


def test_wrong_value_is_refused_even_where_the_profile_replaces_it(tmp_path):
    data = spoiled("models/flow/network/hidden_width", 0)
    data["default_profile"] = "tiny"
    assert "models.flow.network.hidden_width is 0" in refusal(tmp_path, data)


def test_missing_checkpoints_mean_the_last_epoch(tmp_path):
    file = read_declaration(write(tmp_path, SMALL))
    assert file.declaration.models["ddpm"].kept_epochs == [4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- 1\n- 2\n", "expected a mapping of sections"),
        ("just text", "expected a mapping of sections"),
        ("a: [1, 2", "not YAML"),
        ("a: 1\n\tb: 2", "not YAML"),
        ("a: \x00", "not YAML"),
        ("a: 1\na: 2\n", "line 2: 'a' is declared twice"),
        ("models: {flow: {}, flow: {}}", "'flow' is declared twice"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins"),
        ("a: !!python/object/apply:os.system ['true']", "the tag tag:yaml.org,2002:python/"),
        ("a: !!binary aGk=", "the tag tag:yaml.org,2002:binary is not read"),
        ("a: &x [*x]", "*x stands inside itself"),
        ("a: *x", "*x has no &x above it"),
        ("? [1, 2]\n: 3", "a key must be a plain name"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper than 40 levels"),
        ("[" * 100_000, "pipelines.yaml"),
        ("a: [" + "1, " * 120_000 + "1]", "more than 100,000 values"),
        ("#" * 1_100_000, "larger than 1,000,000 bytes"),
    ],
)
def test_text_that_is_no_declaration_is_refused(tmp_path, text, message):
    assert message in refusal(tmp_path, text)


def test_yaml_bomb_is_refused(tmp_path):
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    assert "counting each alias in full" in refusal(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("text", ["a: &m {x: 1}\nb:\n  <<: *m\n", "a: &m {x: 1}\nb: {<<: [*m]}"])
def test_merge_keys_are_refused_in_one_line(tmp_path, text):
    place = "line 3" if "b:\n" in text else "line 2"
    told = "merge keys (<<) are not read here; write out what is to be merged"
    assert refusal(tmp_path, text) == f"pipelines.yaml, {place}: {told}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\nmodels:\n\u00a0\u00a0a: 1\n", "line 3, column 1: no-break space (U+00A0)"),
        ("a:\n  b: 1\n \u00a0c: 2\n", "line 3, column 2: no-break space (U+00A0)"),
        ("a:\n- \u200bb\n", "line 2, column 3: zero width space (U+200B)"),
        ("a: 1\n\u3000b: 2\n", "line 2, column 1: ideographic space (U+3000)"),
    ],
)
def test_an_invisible_character_in_the_indentation_is_named(tmp_path, text, place):
    assert refusal(tmp_path, text).startswith(f"pipelines.yaml, {place} in the indentation")


def test_lines_of_quoted_text_and_blocks_may_begin_with_any_blank():
    assert parse_yaml("a: |\n  x\n  \u00a0y\nb: 'x\n  \u00a0y'", "here") == {
        "a": "x\n\u00a0y\n",
        "b": "x \u00a0y",
    }


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("w3-prompts.panels.0.steps=1001", "steps is 1001; expected at most 1,000"),
        ("w3-prompts.panels.0.prompts=3", "prompts is 3; expected a list"),
        ("w4-posterior.panels.0.schedules.0.beta_end=3", "schedules.0.beta_end is 3; expected"),
        ("w4-posterior.panels.0.schedules=[]", "schedules is []; expected at least 1 entry"),
        ("w4-posterior.panels.0.id=A", 'id is "A"; expected a name'),
    ],
)
def test_a_setting_is_named_by_its_own_name(override, message):
    path = f"figures.{override}"
    with pytest.raises(BadInput) as error:
        real_file().settle(None, [path])
    place = path.partition("=")[0].rpartition("panels.0.")[0] + "panels.0."
    assert f": {place}{message}" in str(error.value)


def test_the_range_of_a_seed_is_written_out(tmp_path):
    assert refusal(tmp_path, spoiled("seeds", {"data": 2**63})).endswith(
        ": seeds.data is 9223372036854775808; expected at most 4,503,599,627,370,496"
    )


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BadInput, match="no such file; run in the folder that holds"):
        read_declaration(tmp_path / "absent.yaml")
    with pytest.raises(BadInput, match="is not a file"):
        read_declaration(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("título: 1".encode("latin-1"))
    with pytest.raises(BadInput, match="is not UTF-8"):
        read_declaration(tmp_path / "latin.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BadInput, match="is not a file"):
        read_declaration(tmp_path / "pipe.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.0e-4", 1e-4),
        ("012", 12),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("'1'", "1"),
        ("~", None),
        ("True", True),
        ("0x10", "0x10"),
        ("{on: 1}", {"on": 1}),
        ("{1: a}", {"1": "a"}),
        ("[&a {b: 1}, *a]", [{"b": 1}, {"b": 1}]),
    ],
)
def test_yaml_values_are_what_one_would_expect(text, value):
    found = parse_yaml(text, "here")
    assert found == value
    assert type(found) is type(value)


def test_aliases_are_independent_copies():
    first, second = parse_yaml("[&a {b: [1]}, *a]", "here")
    first["b"].append(2)
    assert second == {"b": [1]}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab01:-[]{},&*!#|>?'\" \n\t%@é", max_size=60))
def test_any_text_gives_a_value_or_one_clear_refusal(text):
    try:
        parse_yaml(text, "here")
    except BadInput as error:
        assert str(error).startswith("here")


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(
        [
            "models/flow",
            "models/flow/epochs",
            "models/flow/objective",
            "figures/flowing/panels",
            "figures/flowing/panels/1",
            "datasets/digits",
            "pipelines",
            "profiles/tiny/set",
            "seeds",
        ]
    ),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=6,
    ),
)
def test_any_value_in_any_place_is_accepted_or_clearly_refused(tmp_path_factory, path, value):
    path_of_file = write(tmp_path_factory.mktemp("any"), spoiled(path, value))
    try:
        read_declaration(path_of_file).settle("tiny")
    except BadInput as error:
        assert str(path_of_file) in str(error)
