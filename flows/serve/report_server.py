"""The report folder over http, for the machine's own browser: read-only, and nothing else but its
pictures small enough for Prefect's interface."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from flows.runners.workforce import is_loopback
from flows.serve.addresses import LOOPBACK, cannot_listen, url_of

MAX_BYTES = 64 * 1024
LONGEST_SIDE = 640
"""Pixels, to begin with."""

SHRINK = 0.75

_ADDRESS = re.compile(r"/?thumbnails/([0-9a-f]{16}\.png)")

_MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 34rem; }}</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""


@contextmanager
def report_server(folder: Path, port: int) -> Iterator[str]:
    """Serve `folder`, which need not be there yet; gives the address.

    port: 0 for any that is free. Raises BadInput if it is taken.
    """
    handler = partial(ReportHandler, directory=str(folder))
    try:
        server = _Server((LOOPBACK, port), handler)
    except OSError as error:
        raise cannot_listen(error, LOOPBACK, port, "--report-port") from error
    thread = threading.Thread(target=server.serve_forever, name="report", daemon=True)
    thread.start()
    try:
        yield url_of(LOOPBACK, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up in the middle is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class ReportHandler(SimpleHTTPRequestHandler):
    """GET and HEAD of the files in a folder, and of thumbnails of its pictures.

    No listings, and no link that leads out of it.
    """

    server_version = "Darkroom"
    sys_version = ""
    timeout = 30
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".webp": "image/webp"}  # noqa: RUF012

    def send_head(self) -> Any:
        if not is_loopback(urlsplit(f"//{self.headers.get('Host', LOOPBACK)}").hostname or ""):
            # A page of elsewhere may have its own name lead here, and then read what is served.
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "Not a name of this machine")
            return None
        root = os.path.realpath(self.directory)
        asset = asset_of(self.path)
        try:
            target = os.path.realpath(self.translate_path(asset or self.path))
        except ValueError:  # a null byte
            return self._missing(root)
        if os.path.isdir(target):
            # A folder without a page would be listed.
            target = os.path.join(target, "index.html")
        if os.path.commonpath([root, target]) != root or not os.path.isfile(target):
            return self._missing(root)
        return super().send_head() if asset is None else self._thumbnail(root, target)

    def end_headers(self) -> None:
        # The same address shows another report after the next run.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """The terminal is for the runs."""

    def _thumbnail(self, root: str, target: str) -> BinaryIO | None:
        try:
            content = thumbnail(Path(target).read_bytes())
        except OSError:
            return self._missing(root)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def _missing(self, root: str) -> BinaryIO | None:
        if os.path.isfile(os.path.join(root, "index.html")):
            title, text = "No such page", 'The report begins at <a href="/">its first page</a>.'
        else:
            title = "No report yet"
            text = "Start a run in Prefect's interface, or with <code>darkroom run</code>."
        page = _MISSING.format(title=title, text=text).encode()
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)
        return None


def asset_of(path: str) -> str | None:
    """The path of the asset whose thumbnail `path` asks for; None if it asks for something else."""
    match = _ADDRESS.fullmatch(path)
    return f"/assets/{match[1]}" if match else None


def thumbnail(data: bytes) -> bytes:
    """A picture as PNG of at most MAX_BYTES, itself if it is one. OSError if it is no picture."""
    from PIL import Image

    from tasks.data.colours import to_rgb

    if len(data) <= MAX_BYTES:
        return data
    with Image.open(io.BytesIO(data)) as opened:
        picture = to_rgb(opened)
    side = min(LONGEST_SIDE, max(picture.size))
    while True:
        small = picture.copy()
        small.thumbnail((side, side))
        buffer = io.BytesIO()
        small.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
        side = int(side * SHRINK)
