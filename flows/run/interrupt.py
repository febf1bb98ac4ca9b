"""Ctrl-C and SIGTERM while a run goes on: stop softly, then firmly, then at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tasks.running.progress import forget_stop, request_stop, stop_requested

EXIT_INTERRUPTED = 130


_soft_handler: Callable[[int, FrameType | None], None] | None = None


@contextmanager
def soft_interrupts(note: Callable[[str], None]) -> Iterator[None]:
    """The first signal asks the steps to stop, which keeps their checkpoints and records the run.

    The second raises KeyboardInterrupt, the third ends the process where it stands.
    """
    forget_stop()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    global _soft_handler
    signals = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        if signals > 2:
            os._exit(EXIT_INTERRUPTED)
        if signals > 1:
            raise KeyboardInterrupt
        already_stopping = stop_requested()
        request_stop()
        if not already_stopping:
            note("Stopping; finished steps are kept. Press Ctrl-C again to stop at once.")

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    _soft_handler = handle
    try:
        yield
    finally:
        _soft_handler = None
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def soft_sigterm() -> Iterator[None]:
    """Within soft_interrupts, SIGTERM is taken as there; elsewhere this does nothing.

    Around the body of a flow, where Prefect has put a handler that raises: the run would crash in
    place of being cancelled.
    """
    if _soft_handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _soft_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
