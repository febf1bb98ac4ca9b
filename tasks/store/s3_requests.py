"""Requests to an S3 service: through s3fs, tried again by name, refused in words.

Credentials, region and endpoint (AWS_ENDPOINT_URL) are those that boto finds in the environment and
its files; none is read, kept or shown here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tasks import BadInput, DarkroomError
from tasks.store.retry import with_retries
from tasks.store.s3_errors import NotAsExpected, NotOffered, in_words, name_if_passing

_CONNECT_SECONDS = 10
_READ_SECONDS = 30
_CONNECTIONS = 32
_LARGEST_PUT = 5 * 2**30
"""Bytes that S3 takes in one request, which is what makes a put atomic."""


class S3Requests:
    """Requests below one address, s3://bucket or s3://bucket/prefix; from any number of threads.

    Each raises StoreUnavailable for a service that does not answer, BadInput for credentials, a
    bucket or an endpoint that cannot be used, and StoreFull for a quota.
    """

    def __init__(self, address: str) -> None:
        self._bucket, self._prefix = _split(address)
        self.address = f"s3://{self._bucket}/{self._prefix}".rstrip("/")
        self._fs = _file_system()

    def get(self, path: str) -> bytes:
        """FileNotFoundError if there is no such object."""
        # One stream: asking for the size first would double the requests for small objects.
        whole = f"{self._bucket}/{self._key(path)}"
        data: bytes = self._do("reading", path, lambda: self._fs.cat_file(whole, max_concurrency=1))
        return data

    def head(self, path: str) -> dict[str, Any]:
        """Its ContentLength, LastModified, ETag and Metadata, and `Now`, the service's time.

        FileNotFoundError if there is no such object.
        """
        answer: dict[str, Any] = self._call("head_object", "asking for", path)
        return {**answer, "Now": _time_of(answer)}

    def put(self, path: str, data: bytes, **options: Any) -> str:
        """Make or replace an object; returns its ETag.

        NotAsExpected if a condition fails, FileNotFoundError if it is one on an object that is not
        there.
        """
        if len(data) > _LARGEST_PUT:
            raise BadInput(
                f"{self.address_of(path)}: {len(data):,} bytes are more than S3 takes in one "
                f"request ({_LARGEST_PUT:,}); use a folder for this store"
            )
        answer = self._call("put_object", "writing", path, Body=data, **options)
        return str(answer["ETag"])

    def copy(self, source: str, target: str) -> None:
        """Within the service. FileNotFoundError if there is no such object."""
        self._call(
            "copy_object",
            "copying",
            target,
            CopySource={"Bucket": self._bucket, "Key": self._key(source)},
            # Without it a copy onto itself, which makes an object young, is refused.
            MetadataDirective="REPLACE",
        )

    def delete(self, path: str) -> None:
        """An object, if it is there."""
        self._call("delete_object", "deleting", path)

    def list(self, beginning: str, delimiter: str = "") -> Iterator[dict[str, Any]]:
        """Pages of at most 1,000 objects whose path begins so, each with `Now`.

        delimiter: "/" for what lies directly in a folder.
        """
        more: dict[str, Any] = {}
        while True:
            page = self._call(
                "list_objects_v2",
                "listing",
                beginning,
                is_object=False,
                Prefix=self._key(beginning),
                Delimiter=delimiter,
                **more,
            )
            yield {**page, "Now": _time_of(page)}
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def path_of(self, key: str) -> str:
        """A listed key as a path below the address."""
        return key[len(self._prefix) + 1 :] if self._prefix else key

    def address_of(self, path: str) -> str:
        return f"{self.address}/{path}"

    @functools.cached_property
    def has_conditional_puts(self) -> bool:
        """Whether puts on a condition are honoured: the ground on which locks stand."""
        probe = "locks/conditional-puts"
        try:
            for _ in range(2):
                if self._is_put(probe, IfNoneMatch="*"):
                    continue
                # Only a tag that no object has: a service that ignores it would put.
                return not self._is_put(probe, IfMatch='"00000000000000000000000000000000"')
        except NotOffered:
            pass
        return False

    def _is_put(self, path: str, **condition: str) -> bool:
        try:
            self.put(path, b"", **condition)
        except (NotAsExpected, FileNotFoundError):
            return False
        return True

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _call(
        self, method: str, what: str, path: str, *, is_object: bool = True, **options: Any
    ) -> dict[str, Any]:
        if is_object:
            options["Key"] = self._key(path)
        answer: dict[str, Any] = self._do(
            what, path, lambda: self._fs.call_s3(method, Bucket=self._bucket, **options)
        )
        return answer

    def _do(self, what: str, path: str, request: Any) -> Any:
        address = self.address_of(path)
        try:
            return with_retries(f"{address}: {what} it", request, name_if_passing)
        except DarkroomError:
            raise
        except Exception as error:
            raise in_words(error, self.address, path) from error


def _time_of(answer: dict[str, Any]) -> datetime | None:
    """The service's time as it answered."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return None if date is None else parsedate_to_datetime(date)


def _split(address: str) -> tuple[str, str]:
    """Bucket and prefix."""
    bucket, _, prefix = address.split("://", 1)[1].partition("/")
    if "@" in bucket or ":" in bucket:
        # Not shown: it holds what should be secret.
        raise BadInput(
            "a store address holds no credentials and no endpoint; write s3://BUCKET/PREFIX, and "
            "give AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and AWS_ENDPOINT_URL, "
            "in the environment"
        )
    if not bucket or any(character in address for character in "?#*[]"):
        raise BadInput(f"store address {address} names no bucket; write s3://BUCKET/PREFIX")
    return bucket, prefix.strip("/")


def _file_system() -> Any:
    import fsspec

    try:
        # One of these for each process; other stores share it.
        fs = fsspec.filesystem(
            "s3",
            use_listings_cache=False,
            config_kwargs={
                # Tried again here, where it is counted and told.
                "retries": {"max_attempts": 0},
                "connect_timeout": _CONNECT_SECONDS,
                "read_timeout": _READ_SECONDS,
                "max_pool_connections": _CONNECTIONS,
            },
        )
    except ImportError as error:
        raise BadInput("a store on s3:// needs s3fs; install it with pip install s3fs") from error
    fs.retries = 1
    return fs
