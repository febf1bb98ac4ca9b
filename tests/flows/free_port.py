"""Ports of loopback for servers that tests start, and the wait for a Prefect server."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import time

# Below the range that outgoing connections are given, which could take a port before its server.
_PORTS = range(12_000, 32_000)


def free_port() -> int:
    """One that nothing listens on, unlikely to be given to another test process."""
    choice = random.SystemRandom()
    while True:
        port = choice.choice(_PORTS)
        with socket.socket() as probe:
            # A server that has just ended there does not stand in the way of another.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_for_health(api: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers, which `server` is the process of."""
    import httpx

    until = time.monotonic() + 400
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{api}/health").status_code == 200:
                return
        assert server.poll() is None, "the Prefect server ended"
        assert time.monotonic() < until, "the Prefect server does not answer"
        time.sleep(0.2)
