"""Locks that other hosts see. Here a host is a process with lock files of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks import StepCancelled
from tasks.store import s3_files
from tasks.store.store import Store
from tests.s3_server import S3Server
from tests.store.processes import Process, hold_lock
from tests.store.sample_artifacts import key_of
from tests.store.test_locks import waiter_for

KEY = key_of("model")
LOCK = f"locks/{KEY}"


@pytest.fixture(autouse=True)
def quick_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_files, "POLL_SECONDS", 0.02)


@pytest.fixture
def start_holder(s3_store: Store) -> Iterator[Callable[[Path], Process]]:
    """Starts a process that holds KEY until it is told to let go; the folder is its host's."""
    started: list[Process] = []

    def start(host: Path) -> Process:
        started.append(Process(hold_lock, s3_store.address, KEY, TMPDIR=str(host)))
        assert started[-1].line() == "held"
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_another_host_is_kept_out_until_the_lock_is_released(
    s3_store: Store, start_holder: Callable[[Path], Process], tmp_path: Path
) -> None:
    holder = start_holder(tmp_path / "another")
    thread, taken = waiter_for(s3_store, "model")
    assert not taken.wait(0.3)
    holder.let_go()
    assert taken.wait(10)
    thread.join()
    assert s3_store._filesystem.size(LOCK) is None


def test_lock_of_a_process_killed_on_another_host_is_taken_over_in_a_while(
    s3_store: Store,
    start_holder: Callable[[Path], Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_holder(tmp_path / "another").kill()
    monkeypatch.setattr(s3_files, "LEFT_SECONDS", 0.4)
    began = time.monotonic()
    with s3_store.lock(KEY):
        assert time.monotonic() - began > 0.4


def test_lock_of_a_process_killed_on_this_host_is_free_at_once(
    s3_store: Store, start_holder: Callable[[Path], Process], tmp_path: Path
) -> None:
    start_holder(tmp_path).kill()
    began = time.monotonic()
    with s3_store.lock(KEY):
        assert time.monotonic() - began < 0.5 * s3_files.LEFT_SECONDS


@pytest.mark.parametrize("wrong", [-7200.0, 7200.0])
def test_clock_that_is_set_neither_loses_nor_breaks_a_lock(
    wrong: float,
    s3_store: Store,
    start_holder: Callable[[Path], Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder = start_holder(tmp_path / "another")
    now = time.time
    # The waiter's alone: requests are signed with another clock.
    monkeypatch.setattr(s3_files.time, "time", lambda: now() + wrong)
    thread, taken = waiter_for(s3_store, "model")
    assert not taken.wait(0.3)
    holder.let_go()
    assert taken.wait(10)
    thread.join()


def test_lock_that_is_renewed_is_not_taken_over(
    s3_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew_seconds = s3_files.RENEW_SECONDS
    monkeypatch.setattr(s3_files, "RENEW_SECONDS", 0.05)
    requests = s3_store._filesystem._requests
    now = 0.0

    def sleep_until_renewed(_: float) -> None:
        nonlocal now
        tag, until = requests.head(LOCK)["ETag"], time.monotonic() + 300
        while requests.head(LOCK)["ETag"] == tag:
            assert time.monotonic() < until, "the holder does not renew its lock"
        now += renew_seconds

    def give_up() -> None:
        if now > 2 * s3_files.LEFT_SECONDS:
            raise StepCancelled("waited long enough")

    # The waiter's clock, which goes on by what lies between two renewals.
    clock = SimpleNamespace(monotonic=lambda: now, sleep=sleep_until_renewed)
    with s3_files.hold_shared_lock(requests, LOCK, "one host"):
        monkeypatch.setattr(s3_files, "time", clock)
        with (
            pytest.raises(StepCancelled),
            s3_files.hold_shared_lock(requests, LOCK, "another host", give_up),
        ):
            pass


def test_slow_holder_leaves_the_lock_to_whoever_took_it_over(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_files, "RENEW_SECONDS", 0.3)
    requests = s3_store._filesystem._requests
    with s3_files.hold_shared_lock(requests, LOCK, "one host"):
        monkeypatch.setattr(s3_files, "LEFT_SECONDS", 0.0)
        new = s3_files._SharedLock(requests, LOCK, "another host")
        new.take(None)
        time.sleep(0.5)  # the first would renew it now
    assert requests.head(LOCK)["Metadata"]["host"] == "another host"
    new.release()
    assert s3_store._filesystem.size(LOCK) is None


def test_lock_released_while_it_is_being_taken_over_is_taken(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_files, "LEFT_SECONDS", 0.0)
    requests = s3_store._filesystem._requests
    old = s3_files._SharedLock(requests, LOCK, "one host")
    old.take(None)
    put = requests.put

    def release_first(path: str, data: bytes, **options: Any) -> str:
        if "IfMatch" in options:
            old.release()
        return put(path, data, **options)

    monkeypatch.setattr(requests, "put", release_first)
    with s3_files.hold_shared_lock(requests, LOCK, "another host"):
        assert requests.head(LOCK)["Metadata"]["host"] == "another host"


def test_lock_whose_answers_are_lost_is_held_and_released(
    s3_server: S3Server, s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.store.s3_requests.WAITS", (0.01, 0.01))
    with s3_store.lock(KEY):
        pass
    s3_server.fail(how="lost", method="PUT", count=1)
    s3_server.fail(how="lost", method="DELETE", count=1)
    with s3_store.lock(KEY):
        assert s3_store._filesystem.size(LOCK)
    assert s3_store._filesystem.size(LOCK) is None


def test_two_waiters_are_let_in_one_after_the_other(s3_store: Store) -> None:
    requests = s3_store._filesystem._requests
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with s3_files.hold_shared_lock(requests, LOCK, f"host {number}"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_service_without_conditional_puts_has_locks_on_each_host_alone(
    s3_server: S3Server, s3_store: Store
) -> None:
    s3_server.fail(how="unconditional")
    with s3_store.lock(KEY):
        assert s3_store._filesystem.size(LOCK) is None
        thread, taken = waiter_for(s3_store, "model")
        assert not taken.wait(0.2)
    assert taken.wait(10)
    thread.join()


def test_service_that_refuses_conditional_puts_is_used_without_them(
    s3_server: S3Server, s3_store: Store
) -> None:
    s3_server.fail(status=501, code="NotImplemented", method="PUT", path="conditional-puts")
    with s3_store.lock(KEY):
        assert s3_store._filesystem.size(LOCK) is None


def test_locks_left_by_the_killed_go_after_a_day(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = s3_store._filesystem
    s3_files._SharedLock(files._requests, LOCK, "a host that is no more").take(None)
    files.sweep()
    assert files.size(LOCK)
    now = files.now()
    monkeypatch.setattr(type(files), "now", lambda _: now + 2 * 24 * 3600)
    files.sweep()
    assert files.size(LOCK) is None
