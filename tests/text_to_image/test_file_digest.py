"""Files of a model: their hash, and the card beside them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tasks.text_to_image import file_digest as digests
from tasks.text_to_image.file_digest import file_digest, files_digest
from tasks.text_to_image.model_part import MOST_BYTES, read_own_card


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own, where kept hashes go."""
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "host"))
    (tmp_path / "host").mkdir()
    return tmp_path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_digest_is_that_of_the_content(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(b"{}")
    assert file_digest(file) == sha256(b"{}")


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_digest_of_files_follows_names_and_contents(tmp_path: Path, change: str) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    before = files_digest(tmp_path, ["a", "b"])
    names = ["a", "b"]
    if change == "content":
        (tmp_path / "b").write_bytes(b"c")
    elif change == "name":
        (tmp_path / "b").rename(tmp_path / "c")
        names = ["a", "c"]
    else:
        (tmp_path / "c").write_bytes(b"")
        names = ["a", "b", "c"]
    assert files_digest(tmp_path, names) != before


def test_large_file_is_read_once(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LARGE", 4)
    file = host / "weights"
    file.write_bytes(b"weights")
    first = file_digest(file)
    monkeypatch.setattr(digests, "_hash", lambda path: pytest.fail("read again"))
    assert file_digest(file) == first


def test_large_file_that_changed_is_read_again(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LARGE", 4)
    file = host / "weights"
    file.write_bytes(b"weights")
    status = file.stat()
    file_digest(file)
    file.write_bytes(b"WEIGHTS")
    # Someone sets the old time again, as archives and copies do.
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_digest(file) == sha256(b"WEIGHTS")


def test_spoiled_note_of_a_hash_is_made_anew(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LARGE", 4)
    file = host / "weights"
    file.write_bytes(b"weights")
    file_digest(file)
    (kept,) = (host / "host").rglob("digests/*")
    kept.write_text("{")
    assert file_digest(file) == sha256(b"weights")


def test_file_of_the_hubs_cache_has_its_hash_for_a_name(tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / ("a" * 64)
    blob.parent.mkdir()
    blob.write_bytes(b"eleven gigabytes")
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    assert file_digest(link) == "a" * 64


@pytest.fixture
def write(tmp_path):
    """Keeps the bytes of a card in the folder "models/m"."""

    def keep(data: bytes) -> None:
        (tmp_path / "models/m").mkdir(parents=True)
        (tmp_path / "models/m/README.md").write_bytes(data)

    return keep


def test_a_card_is_the_text_beside_the_files(tmp_path, write):
    write("# M\n\nLicence: ours, Zürich.\n".encode())
    assert read_own_card("models/m", tmp_path) == "# M\n\nLicence: ours, Zürich."


@pytest.mark.parametrize("address", ["models/m", "owner/name", "~nobody-here/m"])
def test_models_without_a_readable_card_say_nothing(tmp_path, address):
    assert read_own_card(address, tmp_path) == ""


def test_a_card_that_is_no_text_or_too_long_is_cut_and_marked(tmp_path, write):
    write(b"\xff" + b"a" * (2 * MOST_BYTES))
    card = read_own_card("models/m", tmp_path)
    assert card == "\N{REPLACEMENT CHARACTER}" + "a" * (MOST_BYTES - 1)
