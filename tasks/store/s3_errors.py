"""What an S3 service answers when it refuses or fails, in words: what passes, and what does not."""

from __future__ import annotations

from typing import Any

from tasks import BadInput, DarkroomError
from tasks.store.errors import StoreFull

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


def in_words(error: Exception, address: str, path: str) -> Exception:
    """What to raise in place of what s3fs raised.

    address: of the store. path: below it, of what was asked for.
    """
    bucket = address.split("/")[2]
    code, said = code_of(error), message_of(error)
    if code == "NoSuchBucket":
        return BadInput(
            f"{address}: there is no bucket {bucket}; make it, or correct the "
            f"address or AWS_ENDPOINT_URL"
        )
    if code in _MISSING or (code is None and isinstance(error, FileNotFoundError)):
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
    if code in _REFUSED or isinstance(error, PermissionError):
        return BadInput(
            f"{address}/{path}: access refused ({code or 'no permission'}): {said}; "
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


def name_if_passing(error: Exception) -> str | None:
    """What a failure is called that may pass: throttling, a broken service or connection."""
    import aiohttp
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from botocore.parsers import ResponseParserError

    code, status = code_of(error), _status_of(error)
    if code in _PASSING or status == 429 or (status >= 500 and status not in (501, 507)):
        said = f"{code} ({status})" if code != str(status) else f"status {status}"
        return f"{said}, {message_of(error)}"
    if code is not None:
        return None
    broken = (
        NoConnection,
        HTTPClientError,
        IncompleteReadError,
        ResponseParserError,
        aiohttp.ClientError,
        ConnectionError,
        TimeoutError,
    )
    return f"{type(error).__name__}, {message_of(error)}" if isinstance(error, broken) else None


def code_of(error: BaseException) -> str | None:
    """The error code that the service answered, None where it answered none."""
    details = _answer_of(error).get("Error", {})
    return str(details["Code"]) if "Code" in details else None


def message_of(error: BaseException) -> str:
    text = _answer_of(error).get("Error", {}).get("Message") or str(error) or type(error).__name__
    return " ".join(text.split())[:200].rstrip(".")


def _status_of(error: BaseException) -> int:
    return int(_answer_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answer_of(error: BaseException) -> dict[str, Any]:
    """s3fs turns botocore's errors into Python's, and keeps them as the cause."""
    found: BaseException | None = error
    while found is not None:
        answer = getattr(found, "response", None)
        if isinstance(answer, dict):
            return answer
        found = found.__cause__
    return {}
