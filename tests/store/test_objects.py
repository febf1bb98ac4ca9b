from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tasks import BadInput
from tasks.store import CorruptArtifact
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of, write_artifact

DATA = bytes(range(256)) * 40


def test_object_reads_back_as_put(store: Store) -> None:
    assert store.read_object(store.put_object(DATA, "png")) == DATA


def test_same_bytes_are_the_same_object(store: Store) -> None:
    assert store.put_object(DATA, "png") == store.put_object(DATA, "png")


def test_object_put_again_is_not_written_again(local_store: Store) -> None:
    path = local_store.object_address(local_store.put_object(DATA, "png"))
    before = os.stat(path)
    local_store.put_object(DATA, "png")
    after = os.stat(path)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_empty_object_is_an_object(store: Store) -> None:
    ref = store.put_object(b"", "csv")
    assert store.object_exists(ref) and store.read_object(ref) == b""


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (DATA[:10], r"truncated \(10 of 10,240 bytes\)"),
        (b"", "truncated"),
        (DATA[:-1] + b"\0", "SHA-256"),
        (DATA + b"\0", "SHA-256"),
    ],
)
def test_damaged_object_is_reported_set_aside_and_rebuilt(
    local_store: Store, damage: bytes, reason: str
) -> None:
    ref = local_store.put_object(DATA, "png")
    path = Path(local_store.object_address(ref))
    path.write_bytes(damage)

    with pytest.raises(CorruptArtifact, match=reason) as caught:
        local_store.read_object(ref)
    assert caught.value.sha256 == ref.sha256
    assert not local_store.object_exists(ref)
    assert [file.read_bytes() for file in Path(local_store.address, "quarantine").iterdir()] == [
        damage
    ]
    local_store.put_object(DATA, "png")
    assert local_store.read_object(ref) == DATA


def test_object_with_flipped_bytes_is_put_right_by_the_next_put(local_store: Store) -> None:
    ref = local_store.put_object(DATA, "png")
    Path(local_store.object_address(ref)).write_bytes(bytes(len(DATA)))
    local_store.put_object(DATA, "png")
    assert local_store.read_object(ref) == DATA


def test_missing_object_is_reported(store: Store) -> None:
    ref = dataclasses.replace(store.put_object(DATA, "png"), sha256=key_of("other"))
    with pytest.raises(CorruptArtifact, match="missing"):
        store.read_object(ref)


def test_row_with_a_missing_object_says_which(local_store: Store) -> None:
    row = write_artifact(local_store, "model")
    assert local_store.missing_object(row) is None
    os.unlink(local_store.object_address(row.objects["loss.parquet"]))
    assert local_store.missing_object(row) == "object loss.parquet is missing"


def test_row_with_a_truncated_object_says_which(local_store: Store) -> None:
    row = write_artifact(local_store, "model")
    os.truncate(local_store.object_address(row.objects["weights.safetensors"]), 10)
    expected = "object weights.safetensors is truncated (10 of 50,000 bytes)"
    assert local_store.missing_object(row) == expected


@pytest.mark.parametrize("extension", ["", "../png", "tar.gz", "PNG", "p/g", "a" * 17])
def test_extension_that_could_leave_the_store_is_refused(store: Store, extension: str) -> None:
    with pytest.raises(BadInput):
        store.put_object(DATA, extension)
