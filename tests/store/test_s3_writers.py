"""Many hosts at one bucket, killed and not. A host is a process with lock files of its own."""

from __future__ import annotations

import random
from itertools import chain
from pathlib import Path

import pytest

from tasks.store.s3_files import S3Filesystem
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.s3_server import S3Server
from tests.store.processes import Process
from tests.store.sample_artifacts import (
    damage_in,
    key_of,
    make_row,
    result_of,
    write_artifact,
    write_missing_artifacts,
)
from tests.store.test_killed_writers import MANY, start_writer

NAMES = [f"model-{number}" for number in range(4)]
POINTS = 4


def start_on_own_host(address: str, names: list[str], host: Path, die_at: int = 0) -> Process:
    return start_writer(address, names, compact_every=2, die_at=die_at, TMPDIR=str(host))


def four_hosts_at_once(address: str, folder: Path) -> None:
    """Each writes rows of its own and the same as the others, and compacts."""
    same = [f"same-{number}" for number in range(2)]
    own = [[f"own-{writer}-{number}" for number in range(2)] for writer in range(4)]
    writers = [
        start_on_own_host(
            address,
            [name for pair in zip(same, names, strict=True) for name in pair],
            folder / f"host-{number}",
        )
        for number, names in enumerate(own)
    ]
    for writer in writers:
        writer.lines()
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    store = Store(address)
    assert store.rows().keys() == {key_of(name) for name in (*same, *chain(*own))}
    assert damage_in(store) == []


@pytest.mark.slow
@pytest.mark.usefixtures("own_temporary_folder")
def test_four_hosts_writing_and_compacting_at_once_lose_nothing(
    s3_address: str, tmp_path: Path
) -> None:
    four_hosts_at_once(s3_address, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("own_temporary_folder")
def test_four_hosts_lose_nothing_where_there_are_no_conditional_puts(
    s3_server: S3Server, s3_address: str, tmp_path: Path
) -> None:
    s3_server.fail(how="unconditional")
    four_hosts_at_once(s3_address, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("own_temporary_folder")
def test_host_killed_at_a_request_leaves_the_store_whole_and_another_completes_it(
    s3_address: str, tmp_path: Path
) -> None:
    calls = int(start_on_own_host(f"{s3_address}/whole", NAMES, tmp_path / "host").lines()[-1])
    expected = result_of(Store(f"{s3_address}/whole"))
    writers = {
        point: start_on_own_host(
            f"{s3_address}/{point}",
            NAMES,
            # Each on a host of its own: none waits for the lock of one that was killed.
            tmp_path / f"host-{point}",
            random.Random(point).randrange(
                1 + calls * point // POINTS, 1 + calls * (point + 1) // POINTS
            ),
        )
        for point in range(POINTS)
    }
    for point, writer in writers.items():
        acknowledged = writer.lines()
        assert writer.returncode == -9
        store = Store.open(f"{s3_address}/{point}")
        assert damage_in(store) == []
        assert {key_of(name) for name in acknowledged} <= store.rows().keys()
        list(write_missing_artifacts(store, NAMES, 0))
        assert result_of(store) == expected
        assert damage_in(store) == []


@pytest.mark.slow
def test_store_killed_again_and_again_at_random_moments_loses_nothing(
    s3_store: Store, tmp_path: Path
) -> None:
    names = [f"model-{number}" for number in range(MANY)]
    dice = random.Random(7)
    acknowledged: set[str] = set()
    for _ in range(3):
        writer = start_on_own_host(s3_store.address, names, tmp_path / "host")
        acknowledged.update(writer.kill_amid(dice, dice.randrange(1, 6)))
        assert damage_in(s3_store) == []
        assert {key_of(name) for name in acknowledged} <= s3_store.rows().keys()
    assert 0 < len(acknowledged) < len(names)


def test_row_recorded_while_another_host_compacts_is_kept(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_artifact(s3_store, "model", host="first")
    write = S3Filesystem.write

    def write_slowly(filesystem: S3Filesystem, path: str, data: bytes) -> None:
        write(filesystem, path, data)
        if path.startswith("manifest/compacted"):
            # Recording takes no lock, so the compaction need not end for it.
            Store(s3_store.address).record(make_row("model", host="second"))

    monkeypatch.setattr(S3Filesystem, "write", write_slowly)
    s3_store.compact()
    found = s3_store.find(key_of("model"))
    assert found is not None and found.host == "second"


def test_two_hosts_compacting_the_same_parts_lose_no_row(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {row.key: row for row in (write_artifact(s3_store, name) for name in NAMES)}
    write, others = S3Filesystem.write, [Store(s3_store.address)]

    def let_another_first(filesystem: S3Filesystem, path: str, data: bytes) -> None:
        if path.startswith("manifest/compacted") and others:
            # Without its lock, as where the service has no conditional puts.
            others.pop()._manifest.compact()
        write(filesystem, path, data)

    monkeypatch.setattr(S3Filesystem, "write", let_another_first)
    s3_store.compact()
    assert Store(s3_store.address).rows() == rows


def test_row_recorded_again_elsewhere_is_not_removed(s3_store: Store) -> None:
    read = write_artifact(s3_store, "model")
    Store(s3_store.address).record(make_row("model", run_id="newer"))
    assert Upkeep(s3_store).remove_rows([read]) == []
    found = s3_store.find(read.key)
    assert found is not None and found.run_id == "newer"


def test_each_row_is_written_once_and_never_over_another(s3_store: Store) -> None:
    for host in ("first", "second"):
        write_artifact(s3_store, "model", host=host)
    assert len(s3_store._filesystem.paths("manifest/parts")) == 2
    assert s3_store.rows()[key_of("model")].host == "second"
    s3_store.compact()
    assert s3_store._filesystem.paths("manifest/parts") == []
    assert s3_store.rows()[key_of("model")].host == "second"
