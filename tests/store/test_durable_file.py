from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tasks.store.local_files import STALE_SECONDS, write_local_file
from tasks.store.store import Store
from tests.store.sample_artifacts import make_row


def test_file_is_on_the_disk_before_its_name_and_its_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace

    def traced_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("sync the folder" if is_folder else "sync the file")
        fsync(descriptor)

    def traced_replace(*paths: Any) -> None:
        calls.append("rename")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(os, "replace", traced_replace)
    write_local_file(tmp_path / "state.safetensors", b"epoch 3")
    assert calls == ["sync the file", "rename", "sync the folder"]


def test_file_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    write_local_file(tmp_path / "work" / "key" / "state.safetensors", b"epoch 3")
    assert (tmp_path / "work" / "key" / "state.safetensors").read_bytes() == b"epoch 3"


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    write_local_file(tmp_path / "state.safetensors", b"epoch 3")
    write_local_file(tmp_path / "state.safetensors", b"epoch 4")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"epoch 4"]


@pytest.mark.parametrize(("age", "is_kept"), [(STALE_SECONDS + 60, False), (60, True)])
def test_compaction_sweeps_only_what_a_dead_writer_left(
    age: float, is_kept: bool, local_store: Store
) -> None:
    local_store.record(make_row("model"))
    litter = Path(local_store.address, "temporary", ".123-abc.part")
    litter.write_bytes(b"half")
    written = litter.stat().st_mtime - age
    os.utime(litter, (written, written))
    local_store.compact()
    assert litter.exists() == is_kept
