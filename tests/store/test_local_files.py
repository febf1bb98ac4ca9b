"""Whole files on a local disk, which may be full."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

import tasks
from tasks.store import StoreFull, local_files
from tasks.store.local_files import STALE_SECONDS, write_local_file
from tasks.store.store import Store
from tests.store.sample_artifacts import damage_in, make_row, result_of, write_artifact


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


def fail_with_half_a_write(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class FullFile:
        def __init__(self, file: IO[Any]) -> None:
            self._file = file

        def __enter__(self) -> FullFile:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, data: bytes) -> None:
            self._file.write(data[: len(data) // 2])
            raise OSError(number, os.strerror(number))

    def open_full(file: int | str, mode: str) -> FullFile | IO[Any]:
        return FullFile(os.fdopen(file, mode)) if isinstance(file, int) else open(file, mode)

    monkeypatch.setattr(local_files, "open", open_full, raising=False)


def fail_in(name: str) -> Any:
    def fail(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        def full(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, full)

    return fail


failures = pytest.mark.parametrize(
    "fail",
    [
        pytest.param(fail_with_half_a_write, id="write"),
        pytest.param(fail_in("open"), id="open"),
        pytest.param(fail_in("fsync"), id="fsync"),
        pytest.param(fail_in("replace"), id="replace"),
    ],
)


def files_in(store: Store) -> dict[str, bytes]:
    """All but the locks, which hold nothing."""
    root = Path(store.address)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


@failures
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_while_writing_an_object_leaves_the_store_as_it_was(
    fail: Any, number: int, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_artifact(local_store, "before")
    before = files_in(local_store)
    with monkeypatch.context() as disk:
        fail(disk, number)
        with pytest.raises(StoreFull, match=r"free 10,000 bytes .* nothing recorded was lost"):
            local_store.put_object(b"x" * 10_000, "png")
    assert files_in(local_store) == before
    write_artifact(local_store, "after")
    assert damage_in(local_store) == []


@failures
def test_full_disk_while_recording_keeps_the_old_row(
    fail: Any, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_artifact(local_store, "model", host="before")
    before = files_in(local_store)
    with monkeypatch.context() as disk:
        fail(disk, errno.ENOSPC)
        with pytest.raises(StoreFull):
            local_store.record(make_row("model", host="after"))
    assert files_in(local_store) == before


@failures
def test_full_disk_while_compacting_keeps_every_row(
    fail: Any, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        write_artifact(local_store, name)
    before = files_in(local_store)
    with monkeypatch.context() as disk:
        fail(disk, errno.ENOSPC)
        with pytest.raises(StoreFull):
            local_store.compact()
    assert files_in(local_store) == before


FILL_THE_DISK = """
import sys
from tasks.store import StoreFull
from tasks.store.store import Store
from tests.store.sample_artifacts import damage_in, key_of, write_artifact

store = Store.open(sys.argv[1])
recorded = []
try:
    for number in range(100):
        write_artifact(store, f"model-{number}")
        recorded.append(key_of(f"model-{number}"))
except StoreFull as error:
    assert "no space left" in str(error), error
    assert sorted(store.rows()) == sorted(recorded)
    assert damage_in(store) == []
    print(len(recorded), "recorded before the disk was full")
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs the program unshare of Linux")
def test_small_disk_filled_to_the_brim_keeps_what_was_recorded(tmp_path: Path) -> None:
    # A mount of its own namespace: no other process sees it and it goes with the process.
    own_mounts = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=512k tmpfs '{tmp_path}'"
    if subprocess.run([*own_mounts, mount], capture_output=True).returncode:
        pytest.skip("this system lets no user mount a small disk")
    fill = f"{mount} && exec '{sys.executable}' -c \"$FILL_THE_DISK\" '{tmp_path}/store'"
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(tasks.__path__[0]).parent),
        "FILL_THE_DISK": FILL_THE_DISK,
    }
    done = subprocess.run([*own_mounts, fill], capture_output=True, text=True, env=environment)
    assert done.stderr == ""
    assert done.stdout.endswith("recorded before the disk was full\n")


def test_space_freed_lets_the_same_run_go_on(
    local_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as disk:
        fail_in("replace")(disk, errno.ENOSPC)
        with pytest.raises(StoreFull):
            write_artifact(local_store, "model")
    write_artifact(local_store, "model")
    alone = Store.open(str(tmp_path / "alone"))
    write_artifact(alone, "model")
    assert result_of(local_store) == result_of(alone)
