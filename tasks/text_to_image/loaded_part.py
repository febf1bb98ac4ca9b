"""At most one part of a model in the memory of a process.

T5-XXL and the largest U-Net fill a 16 GB card each: asking for another part frees the one before.
Asking for the same again gives the same, so that a hundred prompts read the encoder once.
"""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.RLock()
_held: tuple[Any, Any] | None = None


def hold(key: Any, load: Callable[[], T]) -> T:
    """The part held under `key`, or what `load` returns once the one before is freed."""
    global _held
    with _lock:
        if _held is not None and _held[0] == key:
            held: T = _held[1]
            return held
        release()
        part = load()
        _held = (key, part)
        return part


def release() -> None:
    """Free the part that is held, if any, and give its memory back."""
    global _held
    with _lock:
        if _held is None:
            return
        _held = None
        gc.collect()
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if platform.libc_ver()[0] == "glibc":
            # tasks.memory_allocator keeps freed memory; gigabytes of weights are no use kept.
            ctypes.CDLL(None).malloc_trim(0)
