"""How a node of a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tasks.running.node_task import Made
    from tasks.running.run_step import Reference

Status = Literal["cached", "done", "failed", "skipped"]


@dataclass(frozen=True)
class NodeOutcome:
    """error: what failed, or why it was skipped. seconds: what computing it took, now or before.
    lost_input: it failed only because an input is no longer in the store. bad_input: it was given
    something it cannot use."""

    status: Status
    error: str | None = None
    seconds: float = 0.0
    lost_input: bool = False
    bad_input: bool = False

    @property
    def is_there(self) -> bool:
        return self.status in ("cached", "done")


def outcome_of_end(end: Reference | Made | Exception) -> NodeOutcome:
    """The outcome of a node of a batch."""
    if isinstance(end, Exception):
        return outcome_of_error(end)
    return NodeOutcome(end["status"], seconds=end["seconds"])


def outcome_of_error(error: BaseException) -> NodeOutcome:
    """The outcome of a node that raised `error`."""
    from tasks import BadInput, DarkroomError, StepCancelled
    from tasks.running.run_step import InputMissing
    from tasks.store import CorruptArtifact

    if isinstance(error, StepCancelled):
        return NodeOutcome("skipped", str(error))
    message = str(error) if isinstance(error, DarkroomError) else f"{type(error).__name__}: {error}"
    return NodeOutcome(
        "failed",
        message,
        lost_input=isinstance(error, InputMissing | CorruptArtifact),
        bad_input=isinstance(error, BadInput),
    )
