"""Whether the steps of this process have been asked to end.

Every long loop of a step reads `steps_should_end`: it keeps what it has in its workspace and raises
StepCancelled. Two may ask: the user, for the whole run; and the run, for the steps beside one that
failed.
"""

from __future__ import annotations

import threading

_user = threading.Event()
_failure = threading.Event()


def request_stop() -> None:
    """The user, or whoever started the run, wants it to end."""
    _user.set()


def stop_requested() -> bool:
    return _user.is_set()


def forget_stop() -> None:
    """Called as a run begins: an earlier run of this process may have been stopped."""
    _user.clear()
    _failure.clear()


def halt_steps() -> None:
    """A step failed and the run will not go on: those beside it should end too."""
    _failure.set()


def allow_steps() -> None:
    _failure.clear()


def steps_should_end() -> bool:
    return _user.is_set() or _failure.is_set()
