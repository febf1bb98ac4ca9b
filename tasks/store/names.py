"""Names that become paths in the store. Checked, so that none can lead out of its root."""

from __future__ import annotations

import hashlib
import re

from tasks import BadInput

_KEY = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z_]{1,64}")
_EXTENSION = re.compile(r"[a-z0-9]{1,16}")
_OBJECT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}\.[a-z0-9]{1,16}")


def check_key(key: str) -> str:
    """A node's key or an object's SHA-256: 64 lower-case hexadecimal digits."""
    return _check(_KEY, key, "key", "64 lower-case hexadecimal digits")


def key_of_run(run_id: str) -> str:
    """The key of a run's row, and the name of the files that belong to it."""
    return hashlib.sha256(run_id.encode()).hexdigest()


def check_kind(kind: str) -> str:
    return _check(_KIND, kind, "kind", "lower-case letters and underscores")


def check_extension(extension: str) -> str:
    return _check(_EXTENSION, extension, "extension", "lower-case letters and digits, no dot")


def check_object_name(name: str) -> str:
    """Such as "epoch-005.safetensors": one path segment with an extension."""
    return _check(
        _OBJECT_NAME, name, "object name", "letters, digits and any of _ . + -, then an extension"
    )


def _check(pattern: re.Pattern[str], value: str, what: str, expected: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise BadInput(f"store: {value!r:.200} is not a valid {what}; expected {expected}")
    return value
