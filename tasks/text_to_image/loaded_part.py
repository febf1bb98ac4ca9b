"""The parts of models in the memory of a process: small ones side by side, a large one alone.

T5-XXL and the largest U-Net fill a 16 GB card each: what is loaded after one of them waits until no
thread uses it any more. Asking for the same again gives the same, so that a hundred prompts read
the encoder once. A thread uses at most the part it asked for last, and none after let_go: a thread
that waits for a part keeps nobody waiting.
"""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tasks import StepCancelled
from tasks.running.device import lets_go_with_device
from tasks.text_to_image.memory import MIB

LARGEST_SMALL = 256 * MIB
"""Of weights, in a part that may stay while others come."""

MOST_SMALL = 4
"""Small parts kept at once: an encoder, two stages and a similarity model."""

POLL_SECONDS = 0.1
"""A thread that ends while it uses a part tells nobody."""

T = TypeVar("T")


@dataclass
class _Loaded:
    """is_leaving: another is to be loaded, so it is given to none but those who use it already."""

    part: Any
    is_large: bool
    is_leaving: bool = False


class LoadedParts:
    """Parts by key, and which threads use them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Least recently asked for first.
        self._parts: dict[Any, _Loaded] = {}
        self._users: dict[threading.Thread, Any] = {}
        self._is_loading = False

    def hold(
        self,
        key: Any,
        load: Callable[[], T],
        size: Callable[[T], int],
        should_stop: Callable[[], bool] = lambda: False,
    ) -> T:
        """The part under `key`, or what `load` returns; the calling thread uses it from here on.

        size: bytes of its weights. What `load` raises leaves nothing behind. Raises StepCancelled
        if should_stop turns true while it waits for what other threads use or load.
        """
        user = threading.current_thread()
        with self._changed:
            if self._users.get(user) != key:
                self._end_use(user)
            while not self._may_use(user, key):
                if not self._is_loading and self._make_room():
                    self._is_loading = True
                    break
                if should_stop():
                    raise StepCancelled("stopped while it waited for a part of a model")
                self._changed.wait(POLL_SECONDS)
            else:
                return self._use(user, key)
        # Without the lock: a download takes minutes, and those who let go need not wait for it.
        loaded: _Loaded | None = None
        try:
            part = load()
            loaded = _Loaded(part, size(part) > LARGEST_SMALL)
        finally:
            with self._changed:
                self._is_loading = False
                self._changed.notify_all()
                if loaded is not None:
                    self._add(key, loaded)
                    self._use(user, key)
        return part

    def let_go(self) -> None:
        """End what the calling thread uses, if anything."""
        user = threading.current_thread()
        if user in self._users:
            with self._changed:
                self._end_use(user)

    def release(self) -> None:
        """Free all parts, and give their memory back; large ones that others use, once they end."""
        with self._changed:
            self._end_use(threading.current_thread())
            self._leave(list(self._parts))

    def _may_use(self, user: threading.Thread, key: Any) -> bool:
        found = self._parts.get(key)
        return found is not None and (not found.is_leaving or self._users.get(user) == key)

    def _use(self, user: threading.Thread, key: Any) -> Any:
        self._users[user] = key
        self._parts[key] = found = self._parts.pop(key)
        return found.part

    def _end_use(self, user: threading.Thread) -> None:
        if user in self._users:
            del self._users[user]
            self._leave([key for key, loaded in self._parts.items() if loaded.is_leaving])
            self._changed.notify_all()

    def _make_room(self) -> bool:
        """Whether no large part is left."""
        self._leave([key for key, loaded in self._parts.items() if loaded.is_large])
        return not any(loaded.is_large for loaded in self._parts.values())

    def _add(self, key: Any, loaded: _Loaded) -> None:
        if loaded.is_large:
            self._leave(list(self._parts))
        else:
            self._leave(list(self._parts)[: max(len(self._parts) + 1 - MOST_SMALL, 0)])
        self._parts[key] = loaded

    def _leave(self, keys: list[Any]) -> None:
        """Drop these parts: a large one that a thread uses, once it ends its use."""
        used = {key for thread, key in self._users.items() if thread.is_alive()}
        self._users = {thread: key for thread, key in self._users.items() if thread.is_alive()}
        dropped = False
        for key in keys:
            if self._parts[key].is_large and key in used:
                self._parts[key].is_leaving = True
            else:
                del self._parts[key]
                dropped = True
        if dropped:
            _give_memory_back()


def _give_memory_back() -> None:
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if platform.libc_ver()[0] == "glibc":
        # tasks.running.device keeps freed memory; gigabytes of weights are no use kept.
        ctypes.CDLL(None).malloc_trim(0)


PARTS = LoadedParts()
"""Of this process."""

hold, release = PARTS.hold, PARTS.release

lets_go_with_device(PARTS.let_go)
