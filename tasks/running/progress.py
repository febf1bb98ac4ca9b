"""What the steps of this process are doing, told to whoever listens.

Steps publish from worker threads; the terminal display and Prefect's progress artifacts subscribe.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

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
            except Exception:
                # A display that breaks must not cost an hour of training.
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
