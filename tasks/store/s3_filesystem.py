"""A store in a bucket of S3 or a service that speaks it.

A put is atomic and durable once answered, and what is written is seen by all at once. Nothing is
ever renamed: objects and rows are written once, under their own names.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from tasks.store.filesystem import SETTLE_SECONDS, StoredFile
from tasks.store.immutable_copies import sweep_copies
from tasks.store.lock import host_id
from tasks.store.remote_filesystem import RemoteFilesystem
from tasks.store.s3_lock import hold_shared_lock
from tasks.store.s3_requests import S3Requests

_LISTED = 1_000
"""Objects that one request lists."""

_DAY_SECONDS = 24 * 3600.0


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

    def prepare(self) -> None:
        probe = f"temporary/{secrets.token_hex(8)}"
        self.write(probe, b"")
        self.delete(probe)

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

    def size(self, path: str) -> int | None:
        try:
            return int(self._requests.head(path)["ContentLength"])
        except FileNotFoundError:
            return None

    def sizes(
        self, paths: Collection[str], folder: str, among: int | None = None
    ) -> dict[str, int]:
        if among is None or len(paths) <= 1 + among // _LISTED:
            sizes = zip(paths, self.each(self.size, paths), strict=True)
            return {path: size for path, size in sizes if size is not None}
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
        sweep_copies(self._copies, {path.rsplit("/", 1)[-1] for path in self.paths("manifest")})
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
