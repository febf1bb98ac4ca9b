"""What the steps of this process are doing, told to whoever listens; and whether they should end.

Steps publish from worker threads; the terminal display and Prefect's progress artifacts subscribe.
Every long loop of a step reads `steps_should_end`: it keeps what it has in its workspace and raises
StepCancelled. Two may ask: the user, for the whole run; and the run, for the steps beside one that
failed.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

SECONDS_BEFORE_ARTIFACT = 2.0
"""A step that ends sooner needs no progress bar in Prefect's interface."""

SECONDS_BETWEEN_UPDATES = 1.0

What = Literal["waiting", "started", "progress", "finished", "cached", "failed", "skipped"]


@dataclass(frozen=True)
class Event:
    """name, kind: of the node. done of total: how far it is, in units of its own; a total of 0 is
    unknown. seconds: how long the step took, once it ended.

    Nodes that are computed together start and go on as one, under the name of their batch.
    members: of a batch, the nodes in it. batch: of a node, the batch whose own event tells how it
    ended; empty where the node's event is to be told by itself.
    """

    name: str
    kind: str
    what: What
    done: float = 0.0
    total: float = 0.0
    message: str = ""
    seconds: float = 0.0
    members: tuple[str, ...] = ()
    batch: str = ""


Subscriber = Callable[[Event], None]


class ProgressBus:
    """Calls every subscriber, in the publisher's thread, for every event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()

    def publish(self, event: Event) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except (Exception, SystemExit):
                # A display that breaks, or would end the process with its terminal, must not cost
                # an hour of training.
                self._remove(subscriber)
                logging.getLogger(__name__).exception("a progress subscriber failed; dropped")

    @contextmanager
    def subscribed(self, subscriber: Subscriber) -> Iterator[None]:
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)
        try:
            yield
        finally:
            self._remove(subscriber)

    def _remove(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)


BUS = ProgressBus()


def about_left(done: float, total: float, seconds: float) -> str:
    """Such as "about 3 min left", for what has done so much of `total` in `seconds`.

    Empty until something is done, and once all is.
    """
    if not 0 < done < total:
        return ""
    left = seconds * (total - done) / done
    if left < 60:
        return f"about {max(1, round(left))} s left"
    if left < 3600:
        return f"about {round(left / 60)} min left"
    hours, minutes = divmod(round(left / 60), 60)
    return f"about {hours} h {minutes} min left"


class ProgressArtifact:
    """Shows the progress of one node in Prefect, once it lasts, at most once a second.

    Called in the thread of the task, whose context names the task run.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._artifact: UUID | None = None
        self._started = time.monotonic()
        self._updated = 0.0

    def __call__(self, event: Event) -> None:
        if event.name != self._name:
            return
        now = time.monotonic()
        if event.what == "started":
            self._started = now
        elif event.what == "progress" and event.total > 0:
            is_due = now - self._updated >= SECONDS_BETWEEN_UPDATES
            if is_due and now - self._started >= SECONDS_BEFORE_ARTIFACT:
                left = about_left(event.done, event.total, now - self._started)
                message = "; ".join(text for text in (event.message, left) if text)
                self._show(100 * event.done / event.total, message)
                self._updated = time.monotonic()
        elif event.what == "finished" and self._artifact is not None:
            self._show(100.0, f"done in {event.seconds:.0f} s")

    def _show(self, percent: float, message: str) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        description = f"{self._name}: {message}" if message else self._name
        if self._artifact is None:
            key = re.sub(r"[^a-z0-9]+", "-", f"progress-{self._name.lower()}").strip("-")
            created = create_progress_artifact(percent, key=key, description=description)
            # Its annotation allows a coroutine too, which only async callers get.
            self._artifact = cast(UUID, created)
        else:
            update_progress_artifact(self._artifact, percent, description=description)


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
