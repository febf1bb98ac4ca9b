"""A process that writes artifacts, made to be killed.

    python writer.py ADDRESS COMPACT_EVERY DIE_AT NAME...

Prints "ready", then each name once it is recorded. With DIE_AT = n > 0 it kills itself with SIGKILL
at the n-th call that changes the disk, or before or after the n-th request that changes the bucket;
otherwise it ends by printing the number of such calls.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from tasks.store.store import Store
from tests.store.sample_artifacts import write_missing_artifacts

CHANGING_CALLS = ("open", "fsync", "replace", "unlink", "mkdir")
CHANGING_REQUESTS = ("put", "copy", "delete")


class Countdown:
    """Wraps calls that change the store, and kills the process at one of them."""

    def __init__(self, die_at: int) -> None:
        self.calls = 0
        self._die_at = die_at

    def watch(self, owner: Any, name: str) -> None:
        setattr(owner, name, self._wrap(getattr(owner, name)))

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._tick()
            result = original(*arguments, **options)
            # A request may be done and its answer not be heard.
            if original.__name__ in CHANGING_REQUESTS:
                self._tick()
            return result

        return call

    def _tick(self) -> None:
        self.calls += 1
        # Before a call is after the one before it, so these points leave no gap.
        if self.calls == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    address, compact_every, die_at, *names = sys.argv[1:]
    store = Store.open(address)
    # Imported before "ready", so that a kill soon after it falls into writing.
    for module in ("filelock", "numpy", "pyarrow.compute", "pyarrow.parquet"):
        importlib.import_module(module)
    countdown = Countdown(int(die_at))
    print("ready", flush=True)
    if address.startswith("s3"):
        requests: Any = importlib.import_module("tasks.store.s3_requests").S3Requests
        for name in CHANGING_REQUESTS:
            countdown.watch(requests, name)
    else:
        for name in CHANGING_CALLS:
            countdown.watch(os, name)
    for name in write_missing_artifacts(store, names, int(compact_every)):
        print(name, flush=True)
    print(countdown.calls, flush=True)


if __name__ == "__main__":
    main()
