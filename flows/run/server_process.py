"""A Prefect server as a child of this process, which alone ends it.

    python -m flows.run.server_process MODULE ARGUMENTS...

runs a module as that child. The parent holds the other end of its stdin, and closing it is the only
way to end the server: signals that reach a whole group or session, as `timeout`, systemd and job
schedulers send them, would take it from the runs that still have to tell it how they ended. When
the parent is gone, by kill -9 too, the pipe closes, and no server is left behind with its port.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

STOP_SECONDS = 15.0

KEPT_FROM_IT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def start(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], output: Any
) -> subprocess.Popen[bytes]:
    """output: the file that takes what it prints."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, KEPT_FROM_IT)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.run.server_process", module, *arguments],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_until_healthy(process: subprocess.Popen[bytes], api: str, seconds: float) -> bool:
    """Until it answers at `api`. False if it has not by then, or has ended."""
    until = time.monotonic() + seconds
    # Loopback is never behind a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and process.poll() is None:
        try:
            with opener.open(f"{api}/health", timeout=5) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def stop(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """End it, politely first. What was committed to its database stays."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_with_parent() -> None:
    """SIGTERM for this process once stdin closes; until then `start` keeps it from all threads."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
