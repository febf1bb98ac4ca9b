"""Images of the declaration: what may be said of them, replacing them, and their nodes."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.declaration.pictures import credit_line
from flows.declaration.read_declaration import read_declaration
from flows.figures.edits.masks import Shape, mask_problems
from flows.nodes.image_nodes import image_files, image_nodes
from flows.plan.keys import key_nodes
from tasks import BadInput
from tests.data.hostile import encoded, gradient
from tests.flows.small_declaration import REPOSITORY, SMALL, real_file, write


def declared(folder: Path, images: dict[str, Any]):
    return read_declaration(write(folder, {**copy.deepcopy(SMALL), "images": images}))


def refusal(folder: Path, image: Any) -> str:
    with pytest.raises(BadInput) as error:
        declared(folder, {"tower": image})
    return str(error.value).replace(f"{folder}/", "")


@pytest.fixture
def photographs(tmp_path):
    """A folder of two pictures, and another that is the project's."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(encoded(gradient()))
    (folder / "b.png").write_bytes(encoded(gradient(80, 80)))
    (tmp_path / "project").mkdir()
    return folder


def keys_of(file, *overrides: str) -> dict[str, str]:
    settled = file.settle(None, overrides)
    nodes = image_nodes(settled, settled.images, file.project_root)
    return {item.node.name: item.key for item in key_nodes(nodes, "float32")}


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({}, "images.tower.file is missing"),
        ({"fil": "a.png"}, "images.tower.fil is not a known key; did you mean file?"),
        ("", 'images.tower is ""; expected at least 1 character'),
        (3, "images.tower is 3; expected a mapping"),
        ({"file": 3}, "images.tower.file is 3; expected text"),
        ({"source": "scikit", "name": "a.jpg"}, 'images.tower.source is "scikit"; expected one of'),
        ({"source": "matplotlib"}, "images.tower.name is missing"),
        (
            {"source": "matplotlib", "name": "../../a.jpg"},
            'images.tower.name is "../../a.jpg"; expected the name of a file, without a folder',
        ),
        ({"source": "matplotlib", "name": "/etc/passwd"}, "expected the name of a file"),
        ({"source": "matplotlib", "name": ".."}, "expected the name of a file"),
        (
            {"source": "matplotlib", "name": "a.jpg", "file": "b.jpg"},
            "images.tower.file is not a known key",
        ),
        (
            {"file": "a.png", "crop": {"center": [2, 0.5]}},
            "images.tower.crop.center.0 is 2; expected at most 1",
        ),
        (
            {"file": "a.png", "crop": {"center": [0.5]}},
            "images.tower.crop.center is [0.5]; expected at least 2 entries",
        ),
        ({"file": "a.png", "crop": {"side": 0}}, "images.tower.crop.side is 0; expected at least"),
        ({"file": "a.png", "crop": "left"}, 'images.tower.crop is "left"; expected a mapping'),
    ],
)
def test_wrong_images_are_refused_with_path_value_and_rule(tmp_path, image, message):
    assert message in refusal(tmp_path, image)


def test_a_path_alone_stands_for_the_mapping(tmp_path):
    short = declared(tmp_path, {"tower": "a.png"}).declaration
    assert short == declared(tmp_path, {"tower": {"file": "a.png"}}).declaration


def test_every_picture_of_the_repository_is_declared_read_and_of_known_licence():
    file = real_file()
    images = file.declaration.images
    nodes = list(image_nodes(file.declaration, images, file.project_root))
    assert [node.name for node in nodes] == [f"image/{name}" for name in images]
    assert all(image.licence and image.title for image in images.values())
    drawn = {image.file for image in images.values() if hasattr(image, "file")}
    assert drawn == {f"data/images/{path.name}" for path in REPOSITORY.glob("data/images/*.png")}


def test_pictures_of_others_are_credited_with_their_licence():
    images = real_file().declaration.images
    assert credit_line(images["pagoda"]) == "danielbuechele, CC BY 2.0"
    assert credit_line(images["tower"]) == ""
    for image in images.values():
        assert hasattr(image, "file") or credit_line(image)


def test_a_node_is_known_by_content_and_crop_not_by_path_or_name(photographs, tmp_path):
    (photographs / "same.jpg").write_bytes((photographs / "a.png").read_bytes())
    images = {
        "one": {"file": str(photographs / "a.png")},
        "moved": {"file": "../photos/same.jpg", "title": "Renamed"},
        "other": {"file": str(photographs / "b.png")},
        "cropped": {"file": str(photographs / "a.png"), "crop": {"side": 0.5}},
    }
    keys = keys_of(declared(tmp_path / "project", images))
    assert keys["image/one"] == keys["image/moved"]
    assert len({keys["image/one"], keys["image/other"], keys["image/cropped"]}) == 3


def test_a_picture_given_with_set_is_sought_in_the_working_directory(
    photographs, tmp_path, monkeypatch
):
    (tmp_path / "project" / "a.png").write_bytes(encoded(gradient(50, 50)))
    file = declared(tmp_path / "project", {"tower": {"file": "a.png"}})
    monkeypatch.chdir(photographs)
    wanted = keys_of(declared(tmp_path / "project", {"tower": "../photos/a.png"}))
    for override in ("images.tower=a.png", "images.tower={file: a.png}", "images.tower.file=a.png"):
        assert keys_of(file, override) == wanted
        assert keys_of(file) != wanted


def test_a_profile_names_pictures_from_the_projects_folder(photographs, tmp_path, monkeypatch):
    data = {**copy.deepcopy(SMALL), "images": {"tower": "../photos/a.png"}}
    data["profiles"]["tiny"]["set"] = {"images.tower": "../photos/b.png"}
    file = read_declaration(write(tmp_path / "project", data))
    monkeypatch.chdir("/")
    settled = file.settle("tiny")
    (node,) = image_nodes(settled, ["tower"], file.project_root)
    assert node.location == {"image": "tower", "file": "../photos/b.png"}


def test_a_replaced_picture_loses_title_licence_and_credit(photographs, tmp_path):
    image = {"file": "x.png", "title": "Old", "licence": "MIT", "credit": "Someone"}
    file = declared(tmp_path / "project", {"tower": image})
    replaced = file.settle(None, [f"images.tower={photographs / 'a.png'}"]).images["tower"]
    assert (replaced.title, credit_line(replaced)) == (None, "")


def test_replacing_an_image_that_is_not_declared_names_the_nearest(tmp_path):
    file = declared(tmp_path, {"tower": "a.png"})
    with pytest.raises(BadInput, match="images has no 'towr'; nearest: tower"):
        file.settle(None, ["images.towr=a.png"])


def test_a_missing_picture_is_known_at_plan_time(tmp_path):
    file = declared(tmp_path, {"tower": "nowhere.png"})
    with pytest.raises(BadInput, match=r"images\.tower: nowhere\.png does not exist"):
        keys_of(file)


def test_each_image_is_a_node_once_and_tells_where_its_file_lies(photographs, tmp_path):
    file = declared(tmp_path / "project", {"tower": "../photos/a.png", "gate": "../photos/b.png"})
    nodes = list(image_nodes(file.declaration, ["gate", "tower", "gate"], file.project_root))
    assert [node.name for node in nodes] == ["image/gate", "image/tower"]
    assert list(image_files(nodes).values()) == [
        {"image": "gate", "file": "../photos/b.png"},
        {"image": "tower", "file": "../photos/a.png"},
    ]
    assert "file" not in nodes[0].params


def test_planning_images_imports_no_library_that_draws_or_computes():
    script = (
        "import sys\n"
        "from flows.declaration.read_declaration import read_declaration\n"
        "from flows.nodes.image_nodes import image_nodes\n"
        "file = read_declaration('pipelines.yaml')\n"
        "names = file.declaration.images\n"
        "assert len(list(image_nodes(file.declaration, names, file.project_root))) == len(names)\n"
        "print([m for m in ('PIL', 'numpy', 'sklearn', 'skimage', 'matplotlib', 'torch', 'prefect')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("shape", "points", "message"),
    [
        ("box", [[0.1, 0.1], [0.9, 0.9], [0.5, 0.5]], "a box needs two opposite corners"),
        ("ellipse", [[0.1, 0.1], [0.2, 0.2], [0.3, 0.4]], "an ellipse needs two opposite corners"),
        ("polygon", [[0.1, 0.1], [0.9, 0.9]], "a polygon needs three corners or more"),
        ("box", [[0.5, 0.1], [0.5, 0.9]], "0 wide and 0.8 high; expected at least a pixel"),
        ("polygon", [[0.1, 0.1], [0.5, 0.1], [0.9, 0.1]], "expected at least a pixel"),
    ],
)
def test_masks_without_room_to_paint_are_refused(shape, points, message):
    (problem,) = mask_problems(None, ("mask",), Shape(shape=shape, points=points))
    assert problem.path == ("mask", "points")
    assert problem.text.startswith("is [[")
    assert message in problem.text


@pytest.mark.parametrize(
    ("shape", "points"),
    [
        ("box", [[0.9, 0.1], [0.1, 0.9]]),
        ("ellipse", [[0.0, 0.0], [1.0, 1.0]]),
        ("polygon", [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]),
    ],
)
def test_masks_with_room_are_accepted(shape, points):
    assert not list(mask_problems(None, ("mask",), Shape(shape=shape, points=points)))


def test_plan_refuses_a_picture_that_a_run_would_refuse(tmp_path):
    from typer.testing import CliRunner

    from flows.cli.__main__ import app

    (tmp_path / "notes.png").write_text("not a picture")
    arguments = ["plan", "seed501", "--store", str(tmp_path / "store")]
    arguments += ["--file", str(REPOSITORY / "pipelines.yaml")]
    refused = CliRunner().invoke(app, [*arguments, "--set", f"images.tower={tmp_path}/notes.png"])
    assert refused.exit_code == 2
    assert "holds text, not a picture" in refused.output
    assert CliRunner().invoke(app, arguments).exit_code == 0
