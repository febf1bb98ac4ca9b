"""Keep what diffusers, transformers and the hub library print off the user's terminal.

They draw progress bars through the run's own display, warn of safety checkers that are left out on
purpose, and of settings in DeepFloyd's configurations that nothing reads.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

_LIBRARIES = ("diffusers", "transformers", "huggingface_hub", "accelerate")
_LOGGERS = (*_LIBRARIES, "httpx")


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Errors alone come through. What was set before is set again."""
    with contextlib.ExitStack() as stack:
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.ERROR)
        for library in ("diffusers", "transformers"):
            stack.enter_context(_without_progress_bars(library))
        stack.enter_context(warnings.catch_warnings())
        for library in _LIBRARIES:
            warnings.filterwarnings("ignore", module=rf"{library}(\..*)?")
        yield


@contextlib.contextmanager
def _without_progress_bars(library: str) -> Iterator[None]:
    settings = _logging_of(library)
    if settings is None or not settings.is_progress_bar_enabled():
        yield
        return
    settings.disable_progress_bar()
    try:
        yield
    finally:
        settings.enable_progress_bar()


def _logging_of(library: str) -> Any:
    """Its own module for that, if the library is loaded: loading it here would cost seconds."""
    return sys.modules.get(f"{library}.utils.logging")
