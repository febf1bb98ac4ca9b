"""Requests to an S3 service: through botocore, tried again by name, refused in words.

Credentials, region and endpoint (AWS_ENDPOINT_URL) are those that botocore finds in the environment
and the files of the AWS command line; none is read, kept or shown here.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tasks import BadInput, DarkroomError
from tasks.store import StoreFull, StoreUnavailable

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds after each try but the last, give or take a quarter: enough for a service that throttles
or is started again, and short enough to wait for."""

_CONNECT_SECONDS = 10
_READ_SECONDS = 30
_CONNECTIONS = 32
_LARGEST_PUT = 5 * 2**30
"""Bytes that S3 takes in one request, which is what makes a put atomic."""

_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}
_REFUSED = {
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "401",
    "403",
}
_PASSING = {
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
}
_MISSING = {"NoSuchKey", "404"}
_NOT_AS_EXPECTED = {"PreconditionFailed", "412"}


class NotAsExpected(Exception):
    """The condition of a put does not hold."""


class NotOffered(DarkroomError):
    """The service does not know this kind of request."""


class S3Requests:
    """Requests below one address, s3://bucket or s3://bucket/prefix; from any number of threads.

    Each raises StoreUnavailable for a service that does not answer, BadInput for credentials, a
    bucket or an endpoint that cannot be used, and StoreFull for a quota.
    """

    def __init__(self, address: str) -> None:
        self._bucket, self._prefix = _split(address)
        self.address = f"s3://{self._bucket}/{self._prefix}".rstrip("/")
        _check_library()

    def get(self, path: str) -> bytes:
        """FileNotFoundError if there is no such object."""
        where = {"Bucket": self._bucket, "Key": self._key(path)}
        # The body too: a connection may be cut while it is read.
        data: bytes = self._do(
            "reading", path, lambda client: client.get_object(**where)["Body"].read()
        )
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
            what, path, lambda client: getattr(client, method)(Bucket=self._bucket, **options)
        )
        return answer

    def _do(self, what: str, path: str, request: Callable[[Any], Any]) -> Any:
        """`request`, again while it fails in passing."""
        began = time.monotonic()
        for wait in (*WAITS, None):
            try:
                return request(_client())
            except Exception as error:
                name = _name_if_passing(error)
                if name is None:
                    raise _in_words(error, self.address, path) from error
                if wait is None:
                    seconds = time.monotonic() - began
                    raise StoreUnavailable(
                        f"{self.address_of(path)}: {what} it failed after {len(WAITS) + 1} tries "
                        f"over {seconds:.0f} s: {name}; "
                        f"nothing recorded was lost, run again once it answers"
                    ) from error
            time.sleep(wait * random.uniform(0.75, 1.25))
        raise AssertionError("the last try returns or raises")


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


def _check_library() -> None:
    try:
        import botocore.session  # noqa: F401
    except ImportError as error:
        raise BadInput(
            "a store on s3:// needs botocore; install it with pip install botocore"
        ) from error


@functools.cache
def _client() -> Any:
    """One for each process, which all its threads share. Made by the first request, which tells
    what is wrong with the environment."""
    import botocore.session
    from botocore.config import Config

    return botocore.session.get_session().create_client(
        "s3",
        config=Config(
            # Tried again here, where it is counted and told.
            retries={"max_attempts": 0},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=_CONNECTIONS,
        ),
    )


def _in_words(error: Exception, address: str, path: str) -> Exception:
    """What to raise in place of what botocore raised.

    address: of the store. path: below it, of what was asked for.
    """
    bucket = address.split("/")[2]
    code, said = _code_of(error), _message_of(error)
    if code == "NoSuchBucket":
        return BadInput(
            f"{address}: there is no bucket {bucket}; make it, or correct the "
            f"address or AWS_ENDPOINT_URL"
        )
    if code in _MISSING:
        return FileNotFoundError(f"{address}/{path}")
    if code in _NOT_AS_EXPECTED:
        return NotAsExpected(path)
    if code in ("NotImplemented", "501"):
        return NotOffered(f"{address}/{path}: the service does not offer this: {said}")
    if code in _FULL:
        return StoreFull(
            f"{address}/{path}: no space or quota left ({code}); free some and run "
            f"again; nothing recorded was lost"
        )
    if code == "RequestTimeTooSkewed":
        return BadInput(f"{address}: the service refuses this machine's clock; set it")
    if code in _REFUSED:
        return BadInput(
            f"{address}/{path}: access refused ({code}): {said}; "
            f"check the credentials of the environment and what they allow"
        )
    if code is not None:
        return DarkroomError(f"{address}/{path}: {code}: {said}")
    from botocore.exceptions import BotoCoreError

    if isinstance(error, BotoCoreError | ValueError):
        return BadInput(
            f"{address}: {said}; S3 takes its credentials, region and AWS_ENDPOINT_URL "
            f"from the environment or the files of the AWS command line"
        )
    return error


def _name_if_passing(error: Exception) -> str | None:
    """What a failure is called that may pass: throttling, a broken service or connection."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from botocore.parsers import ResponseParserError

    code, status = _code_of(error), _answer_of(error, "ResponseMetadata").get("HTTPStatusCode", 0)
    if code in _PASSING or status == 429 or (status >= 500 and status not in (501, 507)):
        said = f"{code} ({status})" if code != str(status) else f"status {status}"
        return f"{said}, {_message_of(error)}"
    if code is not None:
        return None
    broken = (
        NoConnection,
        HTTPClientError,
        IncompleteReadError,
        ResponseParserError,
        ConnectionError,
        TimeoutError,
    )
    return f"{type(error).__name__}, {_message_of(error)}" if isinstance(error, broken) else None


def _code_of(error: Exception) -> str | None:
    """The error code that the service answered, None where it answered none."""
    code = _answer_of(error, "Error").get("Code")
    return None if code is None else str(code)


def _message_of(error: Exception) -> str:
    text = _answer_of(error, "Error").get("Message") or str(error) or type(error).__name__
    return " ".join(text.split())[:200].rstrip(".")


def _answer_of(error: Exception, part: str) -> dict[str, Any]:
    answer = getattr(error, "response", None)
    return answer.get(part, {}) if isinstance(answer, dict) else {}
