"""Packages of pictures: found by glyph, checked, and refused with the command that fetches them."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from tasks import BadInput
from tasks.pocket.world.glyphs import archive_name, check_archive, file_names, read_archive

PACKAGE = "@someone/pictures@1.2.0"


def archive(folder: Path, names: list[str]) -> tuple[Path, str]:
    """A package with a picture of each name, and its integrity."""
    path = folder / archive_name(PACKAGE)
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    picture.paste((200, 0, 0, 255), (4, 2, 14, 18))
    data = io.BytesIO()
    picture.save(data, "PNG")
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(f"package/img/{name}.png")
            entry.size = len(data.getvalue())
            tar.addfile(entry, io.BytesIO(data.getvalue()))
    digest = hashlib.sha512(path.read_bytes()).digest()
    return path, "sha512-" + base64.b64encode(digest).decode()


def test_an_archive_is_named_as_npm_packs_it() -> None:
    assert archive_name("emoji-data@16.0.0") == "emoji-data-16.0.0.tgz"
    assert archive_name(PACKAGE) == "someone-pictures-1.2.0.tgz"


def test_a_glyph_is_looked_for_with_and_without_its_variation_selector() -> None:
    assert file_names("✈️") == ["2708-fe0f", "2708", "2708-fe0f-fe0f"]
    assert file_names("🐼")[0] == "1f43c"


def test_pictures_are_read_by_glyph_and_squared(tmp_path: Path) -> None:
    path, _ = archive(tmp_path, ["1f43c", "2708"])
    found = read_archive(path, "package/img", ["🐼", "✈️", "🐶"])
    assert sorted(found) == sorted(["🐼", "✈️"])
    assert found["🐼"].size == (16, 16)
    assert read_archive(path, "package/other", ["🐼"]) == {}


def test_a_missing_archive_is_refused_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"npm pack {PACKAGE} --pack-destination {tmp_path}"):
        check_archive(PACKAGE, "sha512-", tmp_path)


def test_another_archive_than_the_declared_is_refused(tmp_path: Path) -> None:
    path, integrity = archive(tmp_path, ["1f43c"])
    assert check_archive(PACKAGE, integrity, tmp_path) == path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadInput, match=r"has the hash sha512-.*npm pack"):
        check_archive(PACKAGE, integrity, tmp_path)
