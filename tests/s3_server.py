"""An S3 service on loopback, in a process of its own, that fails when told to.

    python -m tests.s3_server        prints its address, serves until it is killed

moto answers the requests; a layer in front of it throttles, breaks or cuts off those that a test
names, and lets each be done as a whole, which threads of moto alone do not.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

REQUIRED = "DARKROOM_REQUIRE_S3"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
BUCKET = "darkroom"


@dataclass
class Fault:
    """What happens to some requests. how: "answer" gives `status` and `code`; "reset" cuts the
    connection, "lost" does so once the request is done; "truncate" sends half of the body;
    "unconditional" is a service that does not know conditional puts.

    method, path: of the requests meant; a path holds `path`. count: how many of them. every: only
    each so many-th.
    """

    how: Literal["answer", "reset", "lost", "truncate", "unconditional"] = "answer"
    status: int = 503
    code: str = "SlowDown"
    message: str = "Please reduce your request rate."
    method: str = ""
    path: str = ""
    count: int = 1_000_000
    every: int = 1
    seen: int = 0

    def meets(self, method: str, path: str) -> bool:
        if self.method not in ("", method) or self.path not in path or not self.count:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.count -= 1
        return True


class S3Server:
    """The process, as tests see it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def fail(self, **values: Any) -> None:
        """From now on; see Fault."""
        self._control("fault", asdict(Fault(**values)))

    def heal(self) -> None:
        """No more faults."""
        self._control("heal")

    def counts(self) -> dict[str, int]:
        """Method to the number of requests since the last call."""
        counts: dict[str, int] = json.loads(self._control("counts"))
        return counts

    def make_bucket(self, name: str) -> None:
        self._control("bucket", {"name": name})

    def fill(self, prefix: str, names: list[str], size: int = 1) -> None:
        """Objects of so many bytes, made in a moment: names below the prefix."""
        self._control("fill", {"prefix": prefix, "names": names, "size": size})

    def _control(self, what: str, values: Any = None) -> bytes:
        request = urllib.request.Request(
            f"{self.address}/-/{what}", json.dumps(values).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            data: bytes = answer.read()
        return data


def _skip_without_moto() -> None:
    # Not imported: moto would put itself into the botocore of this process.
    missing = [
        name for name in ("botocore", "moto", "flask") if importlib.util.find_spec(name) is None
    ]
    if missing and os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, but there is no {' and no '.join(missing)}")
    if missing:
        pytest.skip("needs an S3 server: pip install 'moto[s3]' flask flask-cors")


@contextlib.contextmanager
def started() -> Iterator[S3Server]:
    """A server with a bucket."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.s3_server"],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            server = S3Server(process.stdout.readline().strip())
            server.make_bucket(BUCKET)
            yield server
        finally:
            process.kill()


def environment_of(server: S3Server) -> dict[str, str]:
    """By which boto finds it."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": server.address}


@contextlib.contextmanager
def serving() -> Iterator[S3Server]:
    """A server that this process and those it starts find by their environment."""
    with started() as server:
        os.environ.update(environment_of(server))
        try:
            yield server
        finally:
            for name in environment_of(server):
                del os.environ[name]


@pytest.fixture(scope="session")
def s3_process() -> Iterator[S3Server]:
    """One server for all tests."""
    _skip_without_moto()
    with started() as server:
        yield server


@pytest.fixture
def s3_server(s3_process: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server without faults, and the environment by which it is found."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment_of(s3_process).items():
        monkeypatch.setenv(name, value)
    s3_process.heal()
    s3_process.counts()
    yield s3_process
    s3_process.heal()


@pytest.fixture
def s3_address(s3_server: S3Server, tmp_path: Path) -> str:
    """Of a store of the test's own."""
    return f"s3://{BUCKET}/{tmp_path.name}"


class _Front:
    """The layer in front of moto: a WSGI application."""

    def __init__(self, moto: Callable[..., Iterable[bytes]]) -> None:
        self._moto = moto
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._counts: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path.startswith("/-/"):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("200 OK", [])
            return [self._control(path[3:], json.loads(body))]
        where = f"{path}?{environ.get('QUERY_STRING', '')}"
        with self._lock:
            self._counts[method] = self._counts.get(method, 0) + 1
            fault = next((fault for fault in self._faults if fault.meets(method, where)), None)
            if fault is None:
                return list(self._moto(environ, start_response))
            return self._fail(fault, environ, start_response)

    def _control(self, what: str, values: Any) -> bytes:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        with self._lock:
            if what == "fault":
                self._faults.append(Fault(**values))
            elif what == "heal":
                self._faults.clear()
            elif what == "bucket":
                backend.create_bucket(values["name"], "us-east-1")
            elif what == "fill":
                for name in values["names"]:
                    backend.put_object(BUCKET, f"{values['prefix']}/{name}", bytes(values["size"]))
            counts, self._counts = self._counts, {}
        return json.dumps(counts).encode()

    def _fail(self, fault: Fault, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if fault.how == "answer":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{fault.status} Failed", [("Content-Type", "application/xml")])
            if environ["REQUEST_METHOD"] == "HEAD":
                return []
            text = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
            return [f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()]
        if fault.how == "unconditional":
            environ.pop("HTTP_IF_NONE_MATCH", None)
            environ.pop("HTTP_IF_MATCH", None)
            return list(self._moto(environ, start_response))
        if fault.how == "truncate":
            body = b"".join(self._moto(environ, start_response))
            return [body[: len(body) // 2]]
        if fault.how == "lost":
            list(self._moto(environ, lambda *_: None))
        connection: socket.socket = environ["werkzeug.socket"]
        # Closed with no time to linger: the client sees a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(connection.detach())
        raise ConnectionResetError("as asked for")


def main() -> None:
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        # Connections are kept, as those of a real service are.
        protocol_version = "HTTP/1.1"

        def log(self, *_: object) -> None:
            pass

    server = make_server(
        "127.0.0.1",
        0,
        _Front(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=Handler,
    )
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
