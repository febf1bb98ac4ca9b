"""Addresses and ports of what `darkroom up` serves."""

from __future__ import annotations

import errno
import ipaddress
import socket
from urllib.parse import urlsplit

from tasks import BadInput

LOOPBACK = "127.0.0.1"
_LOCAL_NAMES = ("localhost", LOOPBACK, "::1")


def url_of(host: str, port: int) -> str:
    """As seen from this machine: one that listens everywhere is reached by loopback."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://{LOOPBACK}:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def require_free(host: str, port: int, option: str) -> None:
    """Raise BadInput if nothing can listen there. option: the one that gave the port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror as error:
        raise BadInput(
            f"--host {host}: {error.strerror}; expected an address of this machine"
        ) from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise cannot_listen(error, host, port, option) from error


def cannot_listen(error: OSError, host: str, port: int, option: str) -> BadInput:
    """What to tell of a bind that failed."""
    if error.errno == errno.EADDRINUSE:
        return BadInput(
            f"{option} {port}: another program listens on {host}:{port}; end it, or choose another "
            f"port with {option}"
        )
    return BadInput(f"{option} {port}: cannot listen on {host}:{port} ({error.strerror})")


def is_same_server(url: str, other: str) -> bool:
    """Whether two API addresses name one server of this machine."""
    return _normal(url) == _normal(other)


def _normal(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (
        parts.scheme,
        LOOPBACK if host in _LOCAL_NAMES else host,
        parts.port,
        parts.path.rstrip("/"),
    )
