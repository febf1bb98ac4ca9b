from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.plan.plan import Plan
from flows.upkeep.runs import choose_run
from flows.upkeep.verify_store import verify_store
from tasks.store.row import ObjectRef, Row
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.flows.recorded_plan import misses, plan_of
from tests.flows.upkeep.recorded_run import files_of_store, make_files_old, objects_in

TRAINED = "train/denoiser"


@pytest.fixture
def made(changed, file, store) -> Plan:
    """The plan of run-1, all in the store."""
    return plan_of(file, store, "first")


def row_of(store: Store, plan: Plan, name: str) -> Row:
    row = store.find(plan.by_name[name].key)
    assert row is not None
    return row


def object_of(store: Store, plan: Plan, name: str) -> Path:
    return Path(store.object_address(row_of(store, plan, name).objects["notes.txt"]))


def delete(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)


def spoiled(rows: Iterable[Row], key: str) -> bytes:
    """A file of these rows in which that of `key` does not match its digest."""
    data = rows_to_parquet(rows)
    table = pq.read_table(io.BytesIO(data))
    names = [
        "another" if row_key == key else name
        for row_key, name in zip(table["key"].to_pylist(), table["name"].to_pylist(), strict=True)
    ]
    table = table.set_column(table.schema.get_field_index("name"), "name", pa.array(names))
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def test_whole_store_has_no_fault(made, store):
    found = verify_store(store)
    assert found.rows == len(store.rows()) > len(made.nodes)
    sizes = [Path(store.address, path).stat().st_size for path in objects_in(store)]
    assert (found.objects, found.bytes) == (len(sizes), sum(sizes))
    assert not (found.is_wrong or found.missing or found.corrupt or found.orphans)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (delete, "missing"),
        (truncate, "truncated (10 of 64 bytes)"),
        (flip, "does not match its SHA-256"),
    ],
)
def test_damaged_object_is_found_and_nothing_is_changed(
    made, store, damage: Callable[[Path], None], what: str
):
    path = object_of(store, made, TRAINED)
    damage(path)
    before = files_of_store(store)
    found = verify_store(store)
    (fault,) = [*found.missing, *found.corrupt]
    assert (fault.address, fault.what, fault.nodes) == (str(path), what, [TRAINED])
    assert found.is_wrong
    assert files_of_store(store) == before


@pytest.mark.parametrize("damage", [delete, truncate, flip])
def test_repair_makes_the_next_plan_miss_exactly_what_was_damaged(
    made, file, store, damage: Callable[[Path], None]
):
    damage(object_of(store, made, TRAINED))
    found = verify_store(store, repair=True)
    assert not found.is_wrong
    assert found.dropped == [TRAINED]
    assert misses(plan_of(file, store, "first")) == {TRAINED}
    assert not verify_store(store).is_wrong


def test_object_that_two_rows_name_costs_both(made, file, store):
    shared = row_of(store, made, TRAINED).objects
    other = row_of(store, made, "data/digits")
    store.record(dataclasses.replace(other, objects=shared))
    flip(object_of(store, made, TRAINED))
    assert verify_store(store, repair=True).dropped == ["data/digits", TRAINED]
    assert misses(plan_of(file, store, "first")) == {"data/digits", TRAINED}


def test_corrupt_object_is_kept_in_quarantine(made, store):
    path = object_of(store, made, TRAINED)
    flip(path)
    damaged = path.read_bytes()
    verify_store(store, repair=True)
    assert not path.exists()
    (aside,) = Path(store.address, "quarantine").iterdir()
    assert aside.read_bytes() == damaged


def test_damaged_part_is_found_and_set_aside(made, file, store):
    part = Path(store.address, f"manifest/parts/train/{made.by_name[TRAINED].key}.parquet")
    part.write_bytes(b"PAR1 and then nonsense")
    found = verify_store(store)
    assert [file.address for file in found.damaged_files] == [str(part)]
    assert found.is_wrong
    assert not verify_store(store, repair=True).is_wrong
    assert not part.exists()
    assert not verify_store(store).is_wrong
    assert misses(plan_of(file, store, "first")) == {TRAINED}


def test_repair_keeps_the_readable_rows_of_a_damaged_compacted_file(made, store):
    store.compact()
    keys = set(store.rows())
    (compacted,) = Path(store.address, "manifest/compacted").iterdir()
    data = spoiled(store.rows().values(), made.by_name[TRAINED].key)
    compacted.write_bytes(data)
    fresh = Store.open(store.address)
    assert verify_store(fresh).is_wrong
    verify_store(fresh, repair=True)
    assert fresh.rows().keys() == keys - {made.by_name[TRAINED].key}
    assert not verify_store(fresh).is_wrong


def test_rows_of_a_newer_version_are_no_fault_and_stay(made, store):
    newer = row_of(store, made, TRAINED)
    part = Path(store.address, f"manifest/parts/train/{newer.key}.parquet")
    part.write_bytes(rows_to_parquet([dataclasses.replace(newer, schema_version=99)]))
    found = verify_store(store, repair=True)
    assert [file.address for file in found.newer_files] == [str(part)]
    assert not found.is_wrong
    assert part.exists()


def test_orphans_are_told_but_no_fault(made, store):
    orphan = store.put_object(b"left by a kill", "bin")
    assert verify_store(store).orphans == []
    make_files_old(store)
    found = verify_store(store)
    assert found.orphans == [f"objects/{orphan.sha256[:2]}/{orphan.sha256}.bin"]
    assert found.orphan_bytes == len(b"left by a kill")
    assert not found.is_wrong
    verify_store(store, repair=True)
    assert found.orphans[0] in objects_in(store)


def test_run_whose_layout_is_gone_is_dropped(changed, store):
    row = choose_run(store.rows(), "run-1")
    Path(store.object_address(row.objects["layout.json"])).unlink()
    assert verify_store(store, repair=True).dropped == ["run/first"]
    assert store.find(row.key) is None


def test_row_recorded_anew_meanwhile_is_kept(made, store, monkeypatch):
    row = row_of(store, made, TRAINED)
    object_of(store, made, TRAINED).unlink()
    set_aside = Upkeep.remove_rows

    def after_a_run(self: Upkeep, rows: object) -> list[Row]:
        store.put_object(made.by_name[TRAINED].key.encode(), "txt")
        store.record(dataclasses.replace(row, run_id="another"))
        return set_aside(self, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(Upkeep, "remove_rows", after_a_run)
    assert verify_store(store, repair=True).dropped == []
    assert row_of(store, made, TRAINED).run_id == "another"


@pytest.mark.parametrize("damage", [delete, truncate, flip])
def test_object_made_anew_meanwhile_stays_with_its_row(
    made, file, store, monkeypatch, damage: Callable[[Path], None]
):
    path = object_of(store, made, TRAINED)
    whole = path.read_bytes()
    damage(path)
    find = Upkeep.damage

    def then_a_run(self: Upkeep, refs: Sequence[ObjectRef]) -> list[str | None]:
        found = find(self, refs)
        path.write_bytes(whole)
        return found

    monkeypatch.setattr(Upkeep, "damage", then_a_run)
    found = verify_store(store, repair=True)
    assert (found.dropped, found.is_wrong) == ([], False)
    assert path.read_bytes() == whole
    assert misses(plan_of(file, store, "first")) == set()
