"""Ctrl-C, SIGTERM and SIGHUP while a run goes on: stop softly, then firmly, then at once."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tasks.running.progress import forget_stop, request_stop, stop_requested

EXIT_INTERRUPTED = 130

SECONDS_OF_ONE_REQUEST = 2.0
"""`timeout` sends SIGTERM to a process and to its group, and a terminal that closes SIGHUP, once
from the system and once from the shell: what comes so close together is one request."""


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
    signals, last = 0, -math.inf

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal signals, last
        now = time.monotonic()
        # A person who presses Ctrl-C twice means it.
        if number != signal.SIGINT and now - last < SECONDS_OF_ONE_REQUEST:
            return
        last = now
        signals += 1
        if signals > 2:
            os._exit(EXIT_INTERRUPTED)
        if signals > 1:
            raise KeyboardInterrupt
        already_stopping = stop_requested()
        request_stop()
        if not already_stopping:
            note("Stopping; finished steps are kept. Press Ctrl-C again to stop at once.")

    previous = {number: signal.signal(number, handle) for number in stop_signals()}
    _soft_handler = handle
    try:
        yield
    finally:
        _soft_handler = None
        for number, handler in previous.items():
            signal.signal(number, handler)


def stop_signals() -> list[signal.Signals]:
    """By which this process is asked to end. What nohup has taken away stays away."""
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in asked if signal.getsignal(number) != signal.SIG_IGN]


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
