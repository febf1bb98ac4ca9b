"""Step "image": from a file of any kind to the square that models see, or a refusal beforehand."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from tasks import BadInput
from tasks.running.kinds import Surroundings, check_before_making
from tests.images.hostile import UNUSABLE, encoded, gradient

WHOLE = {"center": [0.5, 0.5], "side": 1.0}


@pytest.fixture
def file_of(tmp_path):
    """Writes bytes to a file; gives the parameters and image_files of its node."""

    def write(data, name="photo.png", crop=WHOLE):
        (tmp_path / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        image_files = {digest: {"image": name.partition(".")[0], "file": name}}
        return {"sha256": digest, "crop": crop}, image_files

    return write


def picture_of(workshop, row) -> Image.Image:
    return Image.open(io.BytesIO(workshop.store.read_object(row.objects["image.png"])))


def test_a_photograph_becomes_a_square_png(workshop, tmp_path, file_of):
    params, image_files = file_of(encoded(gradient(600, 400), "JPEG", quality=95), "photo.jpg")
    row = workshop.run("image", params, project_root=tmp_path, image_files=image_files)
    picture = picture_of(workshop, row)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (256, 256))
    expected = np.asarray(gradient(600, 400).crop((100, 0, 500, 400)).resize((256, 256)))
    assert np.abs(np.asarray(picture).astype(int) - expected).mean() < 3
    assert row.info["width"] == row.info["height"] == 256
    assert (row.info["original_width"], row.info["original_height"]) == (600, 400)


def test_the_crop_is_applied(workshop, tmp_path, file_of):
    halves = Image.new("RGB", (400, 200), "red")
    halves.paste("blue", (200, 0, 400, 200))
    params, image_files = file_of(encoded(halves), crop={"center": [1.0, 0.5], "side": 0.5})
    row = workshop.run("image", params, project_root=tmp_path, image_files=image_files)
    assert (np.asarray(picture_of(workshop, row)) == [0, 0, 255]).all()


def test_a_file_that_changed_after_the_plan_is_refused(workshop, tmp_path, file_of):
    params, image_files = file_of(encoded(gradient()))
    (tmp_path / "photo.png").write_bytes(encoded(gradient(80, 80)))
    with pytest.raises(BadInput, match=r"images\.photo: photo\.png has changed since"):
        workshop.run("image", params, project_root=tmp_path, image_files=image_files)


def test_a_digest_that_no_file_of_the_run_has_is_refused(workshop, tmp_path, file_of):
    params, _ = file_of(encoded(gradient()))
    with pytest.raises(BadInput, match="one has changed since the run was planned; run again"):
        workshop.run("image", params, project_root=tmp_path)


def test_preflight_names_every_picture_that_cannot_be_used(tmp_path, file_of):
    nodes, image_files = [], {}
    for index, (data, _) in enumerate(UNUSABLE.values()):
        params, files = file_of(data, f"picture_{index}.png")
        nodes.append(("image", params))
        image_files |= files
    params, files = file_of(encoded(gradient()), "sound.png")
    nodes.append(("image", params))
    surroundings = Surroundings("cpu", tmp_path, image_files=image_files | files)
    with pytest.raises(BadInput) as refusal:
        check_before_making(nodes, surroundings)
    lines = str(refusal.value).splitlines()
    assert len(lines) == len(UNUSABLE)
    for index, (line, (_, what)) in enumerate(zip(lines, UNUSABLE.values(), strict=True)):
        assert line.startswith(f"images.picture_{index}: picture_{index}.png ")
        assert what in line


def test_preflight_refuses_a_picture_that_is_too_small(tmp_path, file_of):
    params, image_files = file_of(encoded(Image.new("RGB", (1, 1))))
    with pytest.raises(BadInput, match="is 1x1 pixels; expected at least 32x32"):
        check_before_making(
            [("image", params)], Surroundings("cpu", tmp_path, image_files=image_files)
        )


def test_preflight_accepts_what_can_be_prepared(tmp_path, file_of):
    params, image_files = file_of(encoded(gradient()))
    check_before_making([("image", params)], Surroundings("cpu", tmp_path, image_files=image_files))
