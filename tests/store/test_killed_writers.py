from __future__ import annotations

import random
from itertools import chain
from pathlib import Path

import pytest

from tasks.store.store import Store
from tests.store.processes import Process, write
from tests.store.sample_artifacts import damage_in, key_of, result_of, write_missing_artifacts

pytestmark = pytest.mark.slow

NAMES = [f"model-{number}" for number in range(8)]
COMPACT_EVERY = 3
POINTS = 24
MANY = 2000
"""More than a writer gets through in a test, however late it is killed."""


def start_writer(
    address: Path | str,
    names: list[str],
    *,
    compact_every: int = COMPACT_EVERY,
    die_at: int = 0,
    **environment: str,
) -> Process:
    return Process(write, str(address), names, compact_every, die_at, **environment)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], int]:
    """Result of a run that nobody killed, and how many times it changed the disk."""
    address = tmp_path_factory.mktemp("undisturbed")
    calls = int(start_writer(address, NAMES).lines()[-1])
    return result_of(Store(str(address))), calls


@pytest.mark.parametrize("point", range(POINTS))
def test_run_killed_at_a_system_call_is_whole_and_completes(
    point: int, undisturbed: tuple[dict[str, object], int], tmp_path: Path
) -> None:
    expected, calls = undisturbed
    die_at = random.Random(point).randrange(
        1 + calls * point // POINTS, 1 + calls * (point + 1) // POINTS
    )
    writer = start_writer(tmp_path, NAMES, die_at=die_at)
    acknowledged = writer.lines()
    assert writer.returncode == -9

    store = Store.open(str(tmp_path))
    assert damage_in(store) == []
    assert {key_of(name) for name in acknowledged} <= store.rows().keys()
    list(write_missing_artifacts(store, NAMES, COMPACT_EVERY))
    assert result_of(store) == expected
    assert damage_in(store) == []


def test_store_killed_again_and_again_at_random_moments_loses_nothing(tmp_path: Path) -> None:
    names = [f"model-{number}" for number in range(MANY)]
    dice = random.Random(7)
    acknowledged: set[str] = set()
    for _ in range(10):
        writer = start_writer(tmp_path, names, compact_every=5)
        acknowledged.update(writer.kill_amid(dice, dice.randrange(10)))

        store = Store(str(tmp_path))
        assert damage_in(store) == []
        assert {key_of(name) for name in acknowledged} <= store.rows().keys()

    assert 0 < len(acknowledged) < len(names)
    started = names[: len(store.rows()) + 2]
    list(write_missing_artifacts(Store(str(tmp_path)), started, 5))
    alone = Store.open(str(tmp_path / "alone"))
    list(write_missing_artifacts(alone, started, 0))
    assert result_of(Store(str(tmp_path))) == result_of(alone)


def test_four_processes_writing_and_compacting_at_once_lose_nothing(tmp_path: Path) -> None:
    same = [f"same-{number}" for number in range(6)]
    own = {writer: [f"own-{writer}-{number}" for number in range(6)] for writer in range(4)}
    writers = [
        start_writer(tmp_path, [name for pair in zip(same, names, strict=True) for name in pair])
        for names in own.values()
    ]
    for writer in writers:
        writer.lines()
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]

    store = Store(str(tmp_path))
    expected = {key_of(name) for name in (*same, *chain(*own.values()))}
    assert store.rows().keys() == expected
    assert damage_in(store) == []
