"""Ports of loopback for servers that tests start."""

from __future__ import annotations

import random
import socket

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
