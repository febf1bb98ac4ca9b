from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import tasks
from tasks import BadInput
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of, write_artifact

REPOSITORY = Path(tasks.__path__[0]).parent


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_relative_address_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.open("runs/store")
    row = write_artifact(store, "model")
    monkeypatch.chdir("/")
    assert store.address == str(tmp_path / "runs" / "store")
    assert store.find(row.key) == row


def test_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store("~/store").address == str(tmp_path / "store")


def test_file_address_is_a_local_folder(tmp_path: Path) -> None:
    assert Store.open(f"file://{tmp_path}/store").address == f"{tmp_path}/store"


@pytest.mark.parametrize("address", ["", "  ", "a\0b", "nosuch://bucket"])
def test_address_that_names_no_place_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        Store.open(address)


@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "store").write_text("not a folder")
    before = tree(tmp_path)
    with pytest.raises(BadInput, match=f"{tmp_path}/store"):
        Store.open(f"{tmp_path}/store{below}")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["objects", "manifest", "temporary"])
def test_file_in_the_place_of_a_folder_of_the_store_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("not a folder")
    with pytest.raises(BadInput, match=str(tmp_path)):
        Store.open(str(tmp_path))
    assert tree(tmp_path) == [str(tmp_path / name)]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
@pytest.mark.parametrize("call", ["open", "mkdir"])
def test_place_that_refuses_writing_is_left_as_it_was(
    number: int, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_: object) -> None:
        raise OSError(number, os.strerror(number), path)

    address = tmp_path / "new" / "store"
    with monkeypatch.context() as disk:
        disk.setattr(os, call, refuse)
        with pytest.raises(BadInput, match=f"{address} cannot be written: {os.strerror(number)}"):
            Store.open(str(address))
    assert tree(tmp_path) == []


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs the program unshare of Linux")
def test_disk_mounted_read_only_is_refused(tmp_path: Path) -> None:
    # A mount of its own namespace: no other process sees it and it goes with the process.
    own_mounts = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o ro tmpfs '{tmp_path}'"
    if subprocess.run([*own_mounts, mount], capture_output=True).returncode:
        pytest.skip("this system lets no user mount a read-only disk")
    program = f"from tasks.store.store import Store; Store.open('{tmp_path}/store')"
    done = subprocess.run(
        [*own_mounts, f"{mount} && exec '{sys.executable}' -c \"{program}\""],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert f"BadInput: {tmp_path}/store cannot be written: Read-only file system" in done.stderr


def test_store_to_be_read_is_not_created(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"), create=False)
    assert store.rows() == {}
    assert store.find(key_of("model")) is None
    assert tree(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o000)
    try:
        with pytest.raises(BadInput, match="cannot be read"):
            Store.open(str(tmp_path), create=False)
    finally:
        tmp_path.chmod(0o700)


def test_reading_changes_nothing(local_store: Store) -> None:
    row = write_artifact(local_store, "model")
    before = tree(Path(local_store.address))
    reader = Store.open(local_store.address, create=False)
    assert reader.rows() == {row.key: row}
    assert reader.missing_object(row) is None
    reader.read_object(row.objects["loss.parquet"])
    assert tree(Path(local_store.address)) == before


def test_objects_of_a_shared_folder_are_readable_by_others(local_store: Store) -> None:
    mask = os.umask(0o022)
    try:
        path = local_store.object_address(local_store.put_object(b"pixels", "png"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644


def test_workspace_is_kept_until_discarded(store: Store) -> None:
    key = key_of("model")
    (store.workspace(key) / "state.safetensors").write_bytes(b"epoch 3")
    assert (store.workspace(key) / "state.safetensors").read_bytes() == b"epoch 3"
    store.discard_workspace(key)
    assert list(store.workspace(key).iterdir()) == []
    store.discard_workspace(key)
    store.discard_workspace(key)


def test_importing_the_store_imports_nothing_slow() -> None:
    slow = ["pyarrow", "pandas", "torch", "prefect", "fsspec", "numpy", "filelock"]
    program = f"import sys, tasks.store.store; print([m for m in {slow} if m in sys.modules])"
    assert run_python(program) == "[]\n"


def test_reading_and_recording_never_import_pandas(tmp_path: Path) -> None:
    program = (
        "import sys; from tasks.store.store import Store; "
        "from tests.store.sample_artifacts import write_artifact; "
        f"store = Store.open('{tmp_path}'); write_artifact(store, 'model'); store.compact(); "
        "print(len(store.rows()), 'pandas' in sys.modules)"
    )
    assert run_python(program) == "1 False\n"


def run_python(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ).stdout
