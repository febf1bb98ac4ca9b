"""Locks between threads and processes, and leases that keep clean-up away from what runs need."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.store import StoreFull, locks
from tasks.store.local_files import LocalFilesystem
from tasks.store.locks import LeaseRecord, run_is_alive
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.store.processes import Process, hold_lease, hold_lock
from tests.store.sample_artifacts import key_of

pytestmark = pytest.mark.usefixtures("own_temporary_folder")


@pytest.fixture
def holder(store: Store) -> Iterator[Process]:
    """Another process that holds the key of "model" until it is told to let go."""
    process = Process(hold_lock, store.address, key_of("model"))
    assert process.line() == "held"
    yield process
    process.kill()


def waiter_for(store: Store, name: str) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the lock of a name, and the event it sets once it has it."""
    taken = threading.Event()

    def take() -> None:
        with store.lock(key_of(name)):
            taken.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, taken


def test_lock_keeps_another_process_out_until_released(store: Store, holder: Process) -> None:
    thread, taken = waiter_for(store, "model")
    assert not taken.wait(0.3)
    holder.let_go()
    assert taken.wait(10)
    thread.join()


def test_lock_of_a_killed_process_is_free(store: Store, holder: Process) -> None:
    thread, taken = waiter_for(store, "model")
    assert not taken.wait(0.1)
    holder.kill()
    assert taken.wait(10)
    thread.join()


def test_lock_of_another_key_is_free(store: Store, holder: Process) -> None:
    thread, taken = waiter_for(store, "another model")
    assert taken.wait(10)
    thread.join()


def test_lock_keeps_another_thread_of_this_process_out(store: Store) -> None:
    with store.lock(key_of("model")):
        thread, taken = waiter_for(store, "model")
        assert not taken.wait(0.1)
    assert taken.wait(10)
    thread.join()


def the_lease(store: Store) -> LeaseRecord:
    (found,) = Upkeep(store).leases()
    return found


def test_lease_is_live_until_it_ends(store: Store) -> None:
    lease = store.lease("run")
    assert run_is_alive("run")
    assert the_lease(store).is_live and the_lease(store).keys is None
    lease.needs([key_of("a"), key_of("b")])
    assert the_lease(store).keys == {key_of("a"), key_of("b")}
    lease.end()
    lease.end()
    assert Upkeep(store).leases() == []
    assert run_is_alive("run") is False


def test_run_of_another_host_is_not_known_to_live(store: Store) -> None:
    assert run_is_alive("never heard of") is None


def test_killed_run_is_dead_at_once_and_what_it_needed_is_known(local_store: Store) -> None:
    process = Process(hold_lease, local_store.address, "a" * 64)
    assert process.line() == "held"
    assert run_is_alive("run")
    assert the_lease(local_store).is_live
    process.kill()
    assert run_is_alive("run") is False
    assert not the_lease(local_store).is_live
    assert the_lease(local_store).keys == {"a" * 64}


def test_lease_of_another_host_lives_while_it_is_renewed(local_store: Store) -> None:
    path = Path(local_store.address, "live", f"{key_of('run')}.json")
    path.parent.mkdir()
    path.write_text(json.dumps({"run_id": "run", "host": "x", "started_at": "", "keys": []}))
    assert the_lease(local_store).is_live
    os.utime(path, (time.time() - 2 * 3600,) * 2)
    assert not the_lease(local_store).is_live


def test_lease_is_renewed(local_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "RENEW_SECONDS", 0.05)
    lease = local_store.lease("run")
    path = Path(local_store.address, the_lease(local_store).path)
    os.utime(path, (time.time() - 2 * 3600,) * 2)
    until = time.monotonic() + 10
    while path.stat().st_mtime < time.time() - 3600 and time.monotonic() < until:
        time.sleep(0.02)
    assert path.stat().st_mtime > time.time() - 3600
    lease.end()


def test_damaged_lease_counts_as_that_of_a_run_which_plans(local_store: Store) -> None:
    path = Path(local_store.address, "live", f"{key_of('run')}.json")
    path.parent.mkdir()
    path.write_text('{"run_id": "ru')
    assert the_lease(local_store).is_live
    assert the_lease(local_store).keys is None


def test_second_process_of_a_run_leaves_the_lease_to_the_first(store: Store) -> None:
    first = store.lease("run")
    first.needs([key_of("a")])
    second = store.lease("run")
    second.needs([key_of("b")])
    second.end()
    assert run_is_alive("run")
    assert the_lease(store).keys == {key_of("a")}
    first.end()


def test_run_waits_to_begin_while_the_store_is_cleaned(store: Store) -> None:
    taken = threading.Event()

    def take() -> None:
        lease = store.lease("run")
        taken.set()
        lease.end()

    with Upkeep(store).cleaning():
        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        assert not taken.wait(0.2)
    assert taken.wait(10)
    thread.join()


def test_full_disk_does_not_keep_a_run_from_beginning(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no space left")

    monkeypatch.setattr(LocalFilesystem, "write", full)
    lease = local_store.lease("run")
    assert run_is_alive("run")
    lease.end()
