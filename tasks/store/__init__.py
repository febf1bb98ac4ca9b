"""Where artifacts lie, and the manifest that says what they are. Here: what can go wrong there."""

from __future__ import annotations

from tasks import DarkroomError


class CorruptArtifact(DarkroomError):
    """An object is missing, truncated or not the bytes its hash names; its step must run again."""

    def __init__(self, message: str, sha256: str) -> None:
        super().__init__(message)
        self.sha256 = sha256


class StoreFull(DarkroomError):
    """No space, or quota, left where the store lies. All that was recorded before still stands."""


class StoreUnavailable(DarkroomError):
    """The service on which the store lies did not answer, however often it was asked."""


class DamagedRow(DarkroomError):
    """Bytes of the manifest that do not hold a whole row."""


class UnreadableRow(DamagedRow):
    """Rows that the system did not hand over this time, whole for all that is known."""


class UnknownSchema(DamagedRow):
    """A row of another schema version, whole as far as can be told."""
