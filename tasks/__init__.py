"""The errors a user is meant to read. A leaf: it imports nothing and everything may import it.

The command line prints the message of a DarkroomError alone, without a traceback. A message says
what was wrong, where, and what to do about it.
"""

from __future__ import annotations


class DarkroomError(Exception):
    """Base of every error whose message is written for the user."""


class BadInput(DarkroomError):
    """A declaration, option, file or folder that cannot be used as it is. Exit code 2."""


class StepFailed(DarkroomError):
    """A step began and could not finish. Exit code 1."""


class TrainingFailed(StepFailed):
    """Training stopped on a non-finite loss or divergence; the last good checkpoint is kept."""


class DeadlineReached(StepFailed):
    """Training ran past its own deadline; the next run resumes from the last epoch."""


class StepCancelled(StepFailed):
    """A step was asked to stop. Exit code 130."""
