from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tasks
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of

HOLD_UNTIL_TOLD = """
import sys
from tasks.store.store import Store
with Store(sys.argv[1]).lock(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(store: Store) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the key of "model" until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_TOLD, store.address, key_of("model")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(tasks.__path__[0]).parent)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
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


def test_lock_keeps_another_process_out_until_released(
    store: Store, holder: subprocess.Popen[str]
) -> None:
    thread, taken = waiter_for(store, "model")
    assert not taken.wait(0.3)
    holder.communicate("go\n")
    assert taken.wait(10)
    thread.join()


def test_lock_of_a_killed_process_is_free(store: Store, holder: subprocess.Popen[str]) -> None:
    thread, taken = waiter_for(store, "model")
    assert not taken.wait(0.1)
    holder.kill()
    assert taken.wait(10)
    thread.join()


def test_lock_of_another_key_is_free(store: Store, holder: subprocess.Popen[str]) -> None:
    thread, taken = waiter_for(store, "another model")
    assert taken.wait(10)
    thread.join()


def test_lock_keeps_another_thread_of_this_process_out(store: Store) -> None:
    with store.lock(key_of("model")):
        thread, taken = waiter_for(store, "model")
        assert not taken.wait(0.1)
    assert taken.wait(10)
    thread.join()
