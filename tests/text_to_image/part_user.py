"""Another thread that uses parts of models, and stand-ins for the parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tasks.text_to_image.loaded_part import LARGEST_SMALL, LoadedParts

LONG = 60
"""Seconds after which a thread that should have gone on is stuck."""


class Part:
    pass


Size = Callable[[Part], int]


def small(part: Part) -> int:
    return LARGEST_SMALL


def large(part: Part) -> int:
    return LARGEST_SMALL + 1


class Other:
    """A thread that lives as long as the test, and then waits for nothing more."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._is_over = threading.Event()

    def hold(self, parts: LoadedParts, key: str, size: Size) -> Part:
        return self._thread.submit(parts.hold, key, Part, size).result(LONG)

    def wait_for(
        self, parts: LoadedParts, key: str, load: Callable[[], Part] = Part
    ) -> Future[Part]:
        """It has asked for a part that it has to wait for, and waits."""
        is_waiting = threading.Event()

        def should_stop() -> bool:
            is_waiting.set()
            return self._is_over.is_set()

        future = self._thread.submit(parts.hold, key, load, small, should_stop)
        assert is_waiting.wait(LONG)
        return future

    def start(self, work: Callable[[], object]) -> Future[object]:
        return self._thread.submit(work)

    def end(self) -> None:
        self._is_over.set()
        self._thread.shutdown()
