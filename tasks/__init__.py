"""The errors a user is meant to read, and how threads wait for each other. A leaf: it imports
nothing of Darkroom, and everything may import it.

The command line prints the message of a DarkroomError alone, without a traceback. A message says
what was wrong, where, and what to do about it.
"""

from __future__ import annotations

import os

if "OMP_WAIT_POLICY" not in os.environ:
    # Read once, when torch brings libgomp with it, so set where every process passes before that.
    # A thread that has done its share spins for the others, by default 300,000 times: beside a
    # busy process it takes the core from the very thread it waits for. A thousand rounds, which
    # libgomp itself takes once it knows of more threads than cores, span the ordinary wait. How
    # long a thread spins decides nothing of what it computes.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


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
