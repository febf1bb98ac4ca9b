"""A store in a bucket of S3 or a service that speaks it.

A put is atomic and durable once answered, and what is written is seen by all at once. Nothing is
ever renamed: objects and rows are written once, under their own names.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from tasks import DarkroomError
from tasks.store.filesystem import SETTLE_SECONDS, StoredFile
from tasks.store.locks import host_id
from tasks.store.remote_files import RemoteFilesystem
from tasks.store.s3_requests import NotAsExpected, S3Requests

_LISTED = 1_000
"""Objects that one request lists."""

_DAY_SECONDS = 24 * 3600.0

POLL_SECONDS = 1.0
RENEW_SECONDS = 20.0
LEFT_SECONDS = 90.0
"""Unchanged for so long, a lock is that of a process which was killed or cut off."""


class S3Filesystem(RemoteFilesystem):
    """Every operation raises what S3Requests does.

    Where the service has conditional puts, locks hold on every host that uses the store. Where it
    has not, they hold on this host alone: nothing is lost by that, but two hosts may compute the
    same node.
    """

    def __init__(self, address: str) -> None:
        self._requests = S3Requests(address)
        self.address = self._requests.address
        self._clock: tuple[float, float] | None = None

    def check_readable(self) -> None:
        """BadInput also for a bucket that is not there and for credentials that are refused."""
        next(self._requests.list("manifest/"))

    def read(self, path: str) -> bytes:
        return self._requests.get(path)

    def write(self, path: str, data: bytes) -> None:
        self._requests.put(path, data)

    def settle(self, path: str) -> None:
        found = self._requests.head(path)
        now = found["Now"] or found["LastModified"]
        if (now - found["LastModified"]).total_seconds() > SETTLE_SECONDS:
            self._requests.copy(path, path)

    def sizes(
        self, paths: Collection[str], folder: str, among: int | None = None
    ) -> dict[str, int]:
        if among is None or len(paths) <= 1 + among // _LISTED:
            return super().sizes(paths, folder)
        wanted = frozenset(paths)
        # Objects are spread evenly over the first digit of their names, so lists are as long.
        digits = "0123456789abcdef" if among > 4 * _LISTED else [""]
        listed = self.each(lambda digit: list(self._files(f"{folder}/{digit}")), digits)
        return {file.path: file.size for files in listed for file in files if file.path in wanted}

    def names(self, folder: str) -> list[str]:
        names: set[str] = set()
        for page in self._requests.list(f"{folder}/", delimiter="/"):
            found = [item["Prefix"].rstrip("/") for item in page.get("CommonPrefixes", ())]
            found += [item["Key"] for item in page.get("Contents", ())]
            names.update(key.rsplit("/", 1)[-1] for key in found if not key.endswith("/"))
        return sorted(names)

    def paths(self, folder: str, beginning: str = "") -> list[str]:
        return [file.path for file in self._files(f"{folder}/{beginning}")]

    def files(self, folder: str) -> list[StoredFile]:
        return list(self._files(f"{folder}/"))

    def move(self, path: str, target: str) -> None:
        self._requests.copy(path, target)
        self._requests.delete(path)

    def delete(self, path: str) -> None:
        self._requests.delete(path)

    def sweep(self) -> None:
        """Copies on this host, and locks that killed processes left a day ago."""
        super().sweep()
        yesterday = self.now() - _DAY_SECONDS
        left = [file.path for file in self.files("locks") if file.is_older_than(yesterday)]
        self.each(lambda path: self.delete_if_older(path, yesterday), left)

    def now(self) -> float:
        if self._clock is None or time.monotonic() > self._clock[0] + 60:
            answered = next(self._requests.list("manifest/"))["Now"]
            moment = time.time() if answered is None else answered.timestamp()
            self._clock = time.monotonic(), moment
        return self._clock[1] + time.monotonic() - self._clock[0]

    @contextlib.contextmanager
    def hold_everywhere(
        self, name: str, while_waiting: Callable[[], None] | None = None
    ) -> Iterator[None]:
        if not self._requests.has_conditional_puts:
            yield
            return
        with hold_shared_lock(self._requests, f"locks/{name}", host_id(self), while_waiting):
            yield

    def _stored_file(self, path: str) -> StoredFile:
        found = self._requests.head(path)
        return StoredFile(path, int(found["ContentLength"]), found["LastModified"].timestamp())

    def _files(self, beginning: str) -> Iterator[StoredFile]:
        for page in self._requests.list(beginning):
            items: list[dict[str, Any]] = page.get("Contents", [])
            for item in items:
                if not item["Key"].endswith("/"):
                    path = self._requests.path_of(item["Key"])
                    yield StoredFile(path, int(item["Size"]), item["LastModified"].timestamp())


@contextlib.contextmanager
def hold_shared_lock(
    requests: S3Requests,
    path: str,
    host: str,
    while_waiting: Callable[[], None] | None = None,
) -> Iterator[None]:
    """A lock that every host of a bucket sees: an object put on condition that there is none.

    Its holder renews it. Whoever waits watches it by a clock of their own, so that no two hosts
    need agree on the time: a lock that did not change for a while has lost its holder and is taken
    over, by a put on condition that it still is what was seen. A holder that was only slow finds
    that out and goes on; what it does is safe without the lock, which only spares doing it twice.

    host: names those whose own lock files keep each other out; the caller holds that of this
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
            if (is_left or time.monotonic() > since + LEFT_SECONDS) and self._put(IfMatch=seen):
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
