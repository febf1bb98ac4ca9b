"""Addresses and ports of what `darkroom up` serves."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from flows.runners.workforce import is_loopback
from tasks import BadInput

LOOPBACK = "127.0.0.1"
_PORTS = {"http": 80, "https": 443}


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


def is_this_machine(host: str) -> bool:
    """Whether a name or address, as a server or a client gives it, is one of this machine's."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    return any(_can_bind(family, address) for family, _, _, _, address in found)


def _can_bind(family: socket.AddressFamily, address: Any) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _normal(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (
        parts.scheme,
        LOOPBACK if is_this_machine(host) else host,
        parts.port or _PORTS.get(parts.scheme),
        parts.path.rstrip("/"),
    )
