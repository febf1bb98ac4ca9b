"""Paths that users give, wherever they give them: one reading of them all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.__main__ import app
from flows.cli.regenerate_report import app as regenerate
from flows.declaration.overrides import parse_override, with_paths_from_here
from flows.declaration.read_declaration import read_declaration
from flows.run.run_request import RunRequest
from tasks import BadInput
from tasks.data.image_files import read_source
from tasks.store.local_files import given_path
from tasks.store.store import Store
from tasks.text_to_image.model_part import local_path
from tests.flows.conftest import SMALL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder beside the working directory."""
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def override(text: str, project_root: Path) -> str:
    return str(with_paths_from_here([parse_override(text)], project_root)[0].value)


READERS: dict[str, Callable[[str], str]] = {
    "store": lambda text: Store(text).address,
    "store as an address": lambda text: Store(f"file://{text}").address,
    "report beside its store": lambda text: str(RunRequest(store=text).report_path.parent),
    "report folder": lambda text: str(RunRequest(report_folder=text).report_path),
    "model": lambda text: str(local_path(text, Path("/project"))),
    "--set of a picture": lambda text: override(f"images.tower={text}", Path("/project")),
}


@pytest.mark.parametrize("place", READERS)
def test_tilde_is_the_home_folder_everywhere(place: str, home: Path) -> None:
    assert READERS[place]("~/dk") == str(home / "dk")


@pytest.mark.parametrize("place", READERS)
@pytest.mark.parametrize("text", ["~nobody-of-this-name/dk", "a\0b"])
def test_what_is_no_path_here_is_refused_everywhere(place: str, text: str) -> None:
    with pytest.raises(BadInput):
        READERS[place](text)


def test_relative_path_is_left_as_it_was_given() -> None:
    assert given_path("a/b") == Path("a/b")
    assert given_path("a/b", Path("/project")) == Path("/project/a/b")
    assert given_path("./~odd") == Path("~odd")


def test_unknown_home_says_how_to_name_such_a_file() -> None:
    with pytest.raises(BadInput, match=r"there is no user nobody-x.*\./~nobody-x/a"):
        given_path("~nobody-x/a")


def test_declaration_and_its_pictures_may_lie_in_the_home_folder(home: Path) -> None:
    shutil.copy(SMALL, home / "pipelines.yaml")
    (home / "a.png").write_bytes(b"content")
    assert read_declaration("~/pipelines.yaml").project_root == home
    assert read_source({"image": "tower", "file": "~/a.png"}, Path("/project")) == b"content"


def test_model_of_an_override_is_looked_for_in_the_home_folder(home: Path) -> None:
    (home / "model").mkdir()
    assert override("backends.mine.stage_one=~/model", Path("/project")) == str(home / "model")


def test_commands_read_their_paths_alike(home: Path) -> None:
    """Nothing is made in a folder called `~`."""
    runner = CliRunner()
    data = runner.invoke(app, ["doctor", "--data-root", "~/absent", "--store", "~/dk"])
    assert "~/absent cannot be read (No such file or directory)" in " ".join(data.output.split())
    for command in (
        [regenerate, "--store", "~/dk", "--out", "~nobody-x/report"],
        [app, "export", "small", "--store", "~/dk", "--out", "~nobody-x/small.zip"],
        [app, "diff", "--store", "~/dk", "--html", "~nobody-x/page.html"],
    ):
        result = runner.invoke(command[0], command[1:])
        assert "nobody-x" in f"{result.output} {result.exception}"
    assert list(Path().iterdir()) == []
