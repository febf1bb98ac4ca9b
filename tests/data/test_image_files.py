"""Bytes of image files: read wherever they lie, refused where they cannot be."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks import BadInput
from tasks.data import image_files
from tasks.data.image_files import image_params, read_source

SHIPPED = [
    ("scikit-learn", "china.jpg"),
    ("scikit-learn", "flower.jpg"),
    ("matplotlib", "grace_hopper.jpg"),
    ("scikit-image", "chelsea.png"),
]


def of_file(path: object) -> dict[str, str]:
    return {"image": "tower", "file": str(path)}


def refusal(location: dict[str, str], root: Path) -> str:
    with pytest.raises(BadInput) as found:
        read_source(location, root)
    message = str(found.value)
    assert "images.tower: " in message
    assert "\n" not in message
    return message


def test_relative_paths_start_at_the_project(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"content")
    assert read_source(of_file("pictures/a.png"), tmp_path) == b"content"


def test_absolute_paths_and_links_are_followed(tmp_path):
    (tmp_path / "a.png").write_bytes(b"content")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    for name in ("a.png", "link.png"):
        assert read_source(of_file(tmp_path / name), Path("/nowhere")) == b"content"


def test_the_home_folder_is_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(b"content")
    assert read_source(of_file("~/a.png"), Path("/nowhere")) == b"content"


def test_the_digest_is_that_of_the_content_alone(tmp_path):
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"content")
    expected = hashlib.sha256(b"content").hexdigest()
    assert image_params(of_file("a.png"), tmp_path)["sha256"] == expected
    assert image_params(of_file("b.jpg"), tmp_path)["sha256"] == expected


@pytest.mark.parametrize("library, name", SHIPPED)
def test_pictures_of_libraries_are_found(library, name):
    data = read_source({"image": "x", "source": library, "name": name}, Path("/nowhere"))
    assert data[:3] in (b"\xff\xd8\xff", b"\x89PN")


def test_neither_pillow_nor_the_libraries_are_imported_to_find_them():
    script = (
        "import sys; from pathlib import Path; from tasks.data.image_files import image_params\n"
        f"for source, name in {SHIPPED}:\n"
        "    image_params({'image': 'x', 'source': source, 'name': name}, Path())\n"
        "print([m for m in ('PIL', 'numpy', 'sklearn', 'skimage', 'matplotlib', 'torch')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_missing_files_are_said_with_the_place_sought(tmp_path):
    message = refusal(of_file("photos/a.png"), tmp_path)
    assert f"photos/a.png does not exist (looked for {tmp_path}/photos/a.png)" in message


def test_addresses_are_not_fetched(tmp_path):
    assert "download the picture" in refusal(of_file("https://example.org/a.png"), tmp_path)


def test_folders_empty_files_and_odd_paths_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_bytes(b"x")
    assert "is a folder" in refusal(of_file("folder"), tmp_path)
    assert "is empty (0 bytes)" in refusal(of_file("empty.png"), tmp_path)
    assert "cannot be read" in refusal(of_file("loop"), tmp_path)
    assert "cannot be read (Not a directory)" in refusal(of_file("file/a.png"), tmp_path)
    assert "is not a path" in refusal(of_file("a\0b.png"), tmp_path)
    assert "cannot be read (File name too long)" in refusal(of_file("a" * 3000), tmp_path)
    assert refusal(of_file("~nobody_of_that_name/a.png"), tmp_path)


def test_pipes_and_devices_are_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    messages: list[str] = []
    reader = threading.Thread(
        target=lambda: messages.append(refusal(of_file("pipe.png"), tmp_path)), daemon=True
    )
    reader.start()
    reader.join(10)
    assert messages and "not a file" in messages[0]
    assert "not a file" in refusal(of_file("/dev/zero"), tmp_path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that cannot be read")
def test_files_that_fail_while_read_are_refused(tmp_path):
    assert "cannot be read" in refusal(of_file("/proc/self/mem"), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_files_without_permission_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "a.png").chmod(0)
    assert "cannot be read (Permission denied)" in refusal(of_file("a.png"), tmp_path)


def test_huge_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "MAX_BYTES", 10)
    (tmp_path / "a.png").write_bytes(b"x" * 11)
    assert "larger than" in refusal(of_file("a.png"), tmp_path)


def test_a_library_that_is_missing_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setitem(image_files.LIBRARY_FOLDERS, "scikit-image", ("no_such_module", "data"))
    location = {"image": "tower", "source": "scikit-image", "name": "chelsea.png"}
    message = refusal(location, Path())
    assert "scikit-image, which is not installed" in message
    assert "--set images.tower=path.jpg" in message


def test_a_picture_that_a_library_does_not_ship_is_refused():
    location = {"image": "tower", "source": "matplotlib", "name": "no_such.jpg"}
    assert "does not ship it" in refusal(location, Path())
