"""A lock that every host of a bucket sees: an object made by a put on condition that there is none.

Its holder renews it. Whoever waits watches it by a clock of their own, so that no two hosts need
agree on the time: a lock that did not change for a while has lost its holder and is taken over, by
a put on condition that it still is what was seen. A holder that was only slow finds that out and
goes on; what it does is safe without the lock, which only spares doing it twice.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator

from tasks import DarkroomError
from tasks.store.s3_errors import NotAsExpected
from tasks.store.s3_requests import S3Requests

POLL_SECONDS = 1.0
RENEW_SECONDS = 20.0
STALE_SECONDS = 90.0
"""Unchanged for so long, a lock is that of a process which was killed or cut off."""


@contextlib.contextmanager
def hold_shared_lock(
    requests: S3Requests,
    path: str,
    host: str,
    while_waiting: Callable[[], None] | None = None,
) -> Iterator[None]:
    """host: names those whose own lock files keep each other out; the caller holds that of this
    lock, so one left by the same host has lost its holder for certain.

    while_waiting: called again and again while others hold it; what it raises ends the wait.
    """
    lock = _SharedLock(requests, path, host)
    lock.take(while_waiting)
    try:
        yield
    finally:
        lock.release()


class _SharedLock:
    def __init__(self, requests: S3Requests, path: str, host: str) -> None:
        self._requests = requests
        self._path = path
        self._host = host
        self._owner = secrets.token_hex(16)
        self._renewals = 0
        self._tag = ""
        self._released = threading.Event()

    def take(self, while_waiting: Callable[[], None] | None) -> None:
        seen, since = "", time.monotonic()
        while not self._put(IfNoneMatch="*"):
            try:
                found = self._requests.head(self._path)
            except FileNotFoundError:
                continue  # just released
            holder = found.get("Metadata", {})
            if holder.get("owner") == self._owner:
                self._tag = found["ETag"]
                break  # the put had been done, only its answer was lost
            if found["ETag"] != seen:
                seen, since = found["ETag"], time.monotonic()
            is_left = holder.get("host") == self._host
            if (is_left or time.monotonic() > since + STALE_SECONDS) and self._put(IfMatch=seen):
                break
            if while_waiting is not None:
                while_waiting()
            time.sleep(POLL_SECONDS)
        threading.Thread(target=self._renew, name="shared lock", daemon=True).start()

    def release(self) -> None:
        """Not released for want of an answer, it is taken over by the next in a while."""
        self._released.set()
        with contextlib.suppress(DarkroomError, FileNotFoundError):
            holder = self._requests.head(self._path).get("Metadata", {})
            if holder.get("owner") == self._owner:
                self._requests.delete(self._path)

    def _renew(self) -> None:
        while not self._released.wait(RENEW_SECONDS):
            # Whatever it is, the next time may go well before the lock is taken for left.
            with contextlib.suppress(Exception):
                if not self._put(IfMatch=self._tag) and not self._is_still_held():
                    return

    def _is_still_held(self) -> bool:
        found = self._requests.head(self._path)
        self._tag = found["ETag"]
        return bool(found.get("Metadata", {}).get("owner") == self._owner)

    def _put(self, **condition: str) -> bool:
        # Other bytes each time: the tag of an object follows from them alone.
        self._renewals += 1
        body = json.dumps({"owner": self._owner, "host": self._host, "renewals": self._renewals})
        try:
            self._tag = self._requests.put(
                self._path,
                body.encode(),
                Metadata={"owner": self._owner, "host": self._host},
                **condition,
            )
        except (NotAsExpected, FileNotFoundError):
            return False
        return True
