"""`extends: darkroom`: what a file takes over, changes and takes out, and where a fault is told."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flows.declaration.extend import OWN_SECTIONS, Source, extend
from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.plan.plan import make_plan
from tasks import BadInput
from tasks.shipped import project_path, shipped_folder
from tests.flows.small_declaration import REPOSITORY, real_file

MINE = """\
extends: darkroom
pipelines:
  mine: {title: Mine, figures: [noise]}
figures:
  noise:
    section: "1"
    title: Noise
    seed: 1
    panels:
      - {plot: forward, image: tower, timesteps: [250, 500]}
"""


def read(folder: Path, more: str = "", text: str = MINE) -> DeclarationFile:
    folder.mkdir(exist_ok=True)
    (folder / "pipelines.yaml").write_text(text + more)
    return read_declaration(folder / "pipelines.yaml")


def refusal(folder: Path, more: str, profile: str | None = None) -> str:
    with pytest.raises(BadInput) as error:
        read(folder, more).settle(profile)
    return str(error.value).replace(f"{folder}/", "")


def test_all_is_darkrooms_but_figures_pipelines_and_schedules(tmp_path):
    mine, whole = read(tmp_path).declaration, real_file().declaration
    assert list(mine.figures) == ["noise"] and list(mine.pipelines) == ["mine"]
    assert mine.schedules == {}
    for section in ("datasets", "classifiers", "models", "studies", "guides", "images", "backends"):
        assert getattr(mine, section) == getattr(whole, section)
    assert (mine.seeds, mine.similarity, mine.pocket, mine.profiles) == (
        whole.seeds,
        whole.similarity,
        whole.pocket,
        whole.profiles,
    )


def test_an_entry_is_changed_where_the_file_names_it(tmp_path):
    more = "models:\n  fm_class: {epochs: 3, checkpoints: [3], objective: {p_uncond: 0.2}}\n"
    mine = read(tmp_path, more).declaration.models["fm_class"]
    whole = real_file().declaration.models["fm_class"]
    assert (mine.epochs, mine.objective.p_uncond) == (3, 0.2)
    assert mine.objective.kind == "flow_matching"
    assert (mine.network, mine.learning_rate) == (whole.network, whole.learning_rate)


def test_null_takes_an_entry_out_and_what_needs_it_is_told_where_it_stands(tmp_path):
    assert "fm_class" not in read(tmp_path, "models: {fm_class: null}\n").declaration.models
    told = refusal(tmp_path, "datasets: {mnist: null}\n")
    line = line_of(REPOSITORY / "pipelines.yaml", "    data: mnist")
    assert told.splitlines()[0].startswith(
        f"Darkroom's pipelines.yaml, line {line}: classifiers.digit_reader.data is "
        '"mnist", which is not a declared data set'
    )


def line_of(file: Path, text: str) -> int:
    return file.read_text().splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("models:\n  fm_class:\n    epochs: 0\n", "line 13: models.fm_class.epochs is 0; expected"),
        ("models:\n  fm_class:\n    epoch: 1\n", "line 13: models.fm_class.epoch is not a known"),
        ("models:\n  own: {title: Own}\n", "line 12: models.own.data is missing"),
        ("images: {me: {file: 3}}\n", "line 11: images.me.file is 3; expected text"),
        ("claims: {sdedit: {}}\n", "line 11: claims.sdedit.holds_when is missing"),
        ("default_pipeline: other\n", 'line 11: default_pipeline is "other", which is not'),
    ],
)
def test_a_fault_of_the_file_is_told_with_its_line(tmp_path, more, told):
    assert refusal(tmp_path, more).startswith(f"pipelines.yaml, {told}")


@pytest.mark.parametrize("value", ["light", "[darkroom]", "null", "1"])
def test_only_darkroom_can_be_extended(tmp_path, value):
    text = MINE.replace("extends: darkroom", f"extends: {value}")
    with pytest.raises(BadInput, match=r"pipelines.yaml, line 1: extends is .*; expected darkroom"):
        read(tmp_path, text=text)


def test_another_kind_takes_the_place_of_the_whole(tmp_path):
    more = """\
images: {tower: {file: mine.png}}
models:
  ddpm_class:
    network: {time_conditioning: multiply}
    objective: {kind: flow_matching, p_uncond: 0.2}
    sampler: {method: euler, steps: 20}
"""
    file, whole = read(tmp_path, more), real_file().declaration
    tower, model = file.declaration.images["tower"], file.declaration.models["ddpm_class"]
    assert (tower.title, tower.licence) == (None, None)
    assert model.objective.model_dump() == {"kind": "flow_matching", "p_uncond": 0.2}
    assert model.sampler.guidance_scale == whole.models["ddpm_class"].sampler.guidance_scale


def test_settings_of_darkrooms_profiles_for_what_the_file_lacks_count_for_nothing(tmp_path):
    file = read(tmp_path, "models: {fm_time_wide: null}\n")
    kept = [each.settle("quick").models["fm_class"] for each in (file, real_file())]
    assert kept[0].batch_size == kept[1].batch_size
    # Those of the file itself have to fit.
    own = "profiles: {quick: {set: {models.fm_tim.epochs: 3}}}\n"
    assert "profile quick: models has no 'fm_tim'; nearest: fm_time" in refusal(tmp_path, own)


def test_claims_are_checked_on_the_write_ups_that_the_file_has(tmp_path):
    assert read(tmp_path).declaration.claims == {}
    named = read(tmp_path, "claims: {forward-noise: {}, blur-fails: {writeups: [mine]}}\n")
    claims = named.declaration.claims
    assert {name: claim.writeups for name, claim in claims.items()} == {
        "forward-noise": ["mine"],
        "blur-fails": ["mine"],
    }
    copied = read(tmp_path, text=MINE.replace("mine:", "seed180:")).declaration.claims
    assert "steps-help" in copied and "purenoise-mean" not in copied


def keys(file: DeclarationFile, pipeline: str) -> dict[str, str]:
    return {node.name: node.key for node in make_plan(file, pipeline, None, None).nodes}


def test_keys_are_those_of_a_checkout(tmp_path):
    whole = yaml.safe_load((REPOSITORY / "pipelines.yaml").read_text())
    figures = {name: each for name, each in whole["figures"].items() if name.startswith("w4-")}
    written = {"text", "bibliography"}
    annotated = {k: v for k, v in whole["pipelines"]["annotated"].items() if k not in written}
    own = {
        "extends": "darkroom",
        "pipelines": {"annotated": annotated},
        "figures": figures,
    }
    file = read(tmp_path, text=yaml.safe_dump(own, sort_keys=False))
    checkout = keys(real_file(), "annotated")
    # Of the text, which is left out above.
    of_figures = {name: key for name, key in checkout.items() if not name.startswith("listing/")}
    assert keys(file, "annotated") == of_figures


def test_a_file_of_the_folder_never_stands_in_for_darkrooms(tmp_path):
    before = keys(read(tmp_path), "mine")
    (tmp_path / "data/images").mkdir(parents=True)
    shutil.copy(REPOSITORY / "data/images/rose.png", tmp_path / "data/images/tower.png")
    file = read(tmp_path)
    assert keys(file, "mine") == before
    own = read(tmp_path, "images: {tower: {file: data/images/tower.png}}\n")
    assert keys(own, "mine")["image/tower"] != before["image/tower"]


def test_what_is_not_in_the_folder_is_darkrooms(tmp_path):
    assert project_path("data/images/rose.png", tmp_path) == (
        shipped_folder() / "data/images/rose.png"
    )
    assert project_path("data/none.png", tmp_path) == tmp_path / "data/none.png"


NAMES = st.sampled_from(["a", "b", "c", "data", "title"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.text("xy/", max_size=3) | st.lists(st.integers(0, 3)),
    lambda below: st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)
SECTIONS = st.sampled_from(["models", "images", "profiles", *OWN_SECTIONS[:2]])
FILES = st.dictionaries(SECTIONS, st.dictionaries(NAMES, VALUES, max_size=3), max_size=4)


def merged(base: Any, own: Any) -> Any:
    return extend(Source("own", "", own), Source("base", "", base), Path("/nowhere")).data


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(value, dict) or (path and not value):
        return {path: value}
    found: dict[tuple[str, ...], Any] = {}
    for name, each in value.items():
        found |= leaves(each, (*path, name))
    return found


@given(FILES, FILES)
def test_what_a_file_says_holds_and_what_it_leaves_out_stays(base, own):
    before = copy.deepcopy((base, own))
    result = leaves(merged(base, own))
    said = leaves(own)
    for path, value in said.items():
        if value not in (None, {}):
            assert result[path] == value
    for path, value in leaves(base).items():
        is_touched = any(path[: len(p)] == p or p[: len(path)] == path for p in said)
        if path[0] not in OWN_SECTIONS and not is_touched:
            assert result[path] == value
    assert {path[0] for path in result if path[0] in OWN_SECTIONS} <= own.keys()
    assert (base, own) == before


@given(FILES)
def test_a_file_that_says_nothing_takes_over_everything(base):
    expected = {name: value for name, value in base.items() if name not in OWN_SECTIONS}
    assert {name: value for name, value in merged(base, {}).items() if value} == {
        name: value for name, value in expected.items() if value
    }


@given(FILES, FILES)
def test_extending_twice_by_the_same_file_changes_nothing_more(base, own):
    once = merged(base, own)
    if None not in leaves(own).values():
        assert {n: v for n, v in merged(once, own).items() if v} == {
            n: v for n, v in once.items() if v
        }
