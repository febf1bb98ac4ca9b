"""Prefect's command line as a child that ends with its parent, however the parent ends.

    python -m flows.serve.prefect_child server start

The parent holds the other end of stdin. When it is gone, by kill -9 too, the pipe closes, and a
server is not left behind with its port.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def end_with_parent() -> None:
    """SIGTERM for this process once stdin closes."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    sys.argv[0] = "prefect"
    runpy.run_module("prefect", run_name="__main__")
