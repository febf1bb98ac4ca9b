from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tasks.store.store import Store
from tests.store.processes import Process, hold_lock
from tests.store.sample_artifacts import key_of


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
