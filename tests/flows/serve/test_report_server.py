"""The report over http: its files, and nothing else."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from flows.run.run_artifacts import thumbnail_path
from flows.serve.report_server import MAX_BYTES, report_server


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "store" / "report"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Report</h1>")
    (folder / "assets" / "a.png").write_bytes(b"png")
    (tmp_path / "store" / "secret").write_text("secret")
    return folder


@pytest.fixture
def address(report: Path) -> Iterator[str]:
    with report_server(report, 0) as url:
        yield url


def ask(address: str, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body; the path goes out as it is written."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.putrequest(method, path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    ("path", "body"),
    [("/", b"<h1>Report</h1>"), ("/index.html?x=1", b"<h1>Report</h1>"), ("/assets/a.png", b"png")],
)
def test_files_of_the_report_are_served(address: str, path: str, body: bytes) -> None:
    assert ask(address, path) == (200, body)


@pytest.mark.parametrize("size", [(1600, 1200), (3000, 60), (40, 4000)])
def test_picture_of_any_size_has_a_thumbnail_of_its_shape(
    report: Path, address: str, size: tuple[int, int]
) -> None:
    width, height = size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert len(buffer.getvalue()) > MAX_BYTES
    asset = "assets/0123456789abcdef.png"
    (report / asset).write_bytes(buffer.getvalue())
    status, body = ask(address, f"/{thumbnail_path(asset)}")
    assert status == 200 and len(body) <= MAX_BYTES
    with Image.open(io.BytesIO(body)) as small:
        scale = max(small.size) / max(size)
        assert small.format == "PNG"
        assert small.size == pytest.approx((width * scale, height * scale), abs=1)
        assert max(small.size) > 100


def test_thumbnail_of_a_small_picture_is_the_picture(report: Path, address: str) -> None:
    (report / "assets" / "0123456789abcdef.png").write_bytes(b"small")
    assert ask(address, "/thumbnails/0123456789abcdef.png") == (200, b"small")


def test_thumbnail_of_what_is_no_picture_or_lies_elsewhere_is_missing(
    report: Path, address: str
) -> None:
    (report / "assets" / f"{'0' * 16}.png").write_bytes(bytes(2 * MAX_BYTES))
    (report / "assets" / f"{'1' * 16}.png").symlink_to(report.parent / "secret")
    for name in ("0" * 16, "1" * 16, "2" * 16):
        assert ask(address, f"/thumbnails/{name}.png")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/assets/../../secret",
        "/..%2fsecret",
        "/..\\secret",
        "//etc/passwd",
        "/link",
        "/linked/secret",
        "/index.html%00",
        "/assets",
        "/assets/",
        "/none.html",
    ],
)
def test_nothing_outside_the_report_and_no_listing_is_served(
    report: Path, address: str, path: str
) -> None:
    (report / "link").symlink_to(report.parent / "secret")
    (report / "linked").symlink_to(report.parent)
    status, body = ask(address, path)
    assert status == 404
    assert b"secret" not in body and b"a.png" not in body and b"root:" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_report_is_read_only(report: Path, address: str, method: str) -> None:
    assert ask(address, "/index.html", method)[0] == 501
    assert (report / "index.html").read_text() == "<h1>Report</h1>"


def test_missing_page_points_to_the_first_one(address: str) -> None:
    assert b'<a href="/">' in ask(address, "/none.html")[1]


def test_report_that_is_not_made_yet_says_how_it_is_made(tmp_path: Path) -> None:
    with report_server(tmp_path / "not" / "there", 0) as address:
        status, body = ask(address, "/")
    assert status == 404
    assert b"No report yet" in body and b"darkroom run" in body


def test_report_is_served_only_on_loopback(address: str) -> None:
    assert urlsplit(address).hostname == "127.0.0.1"


def test_port_is_free_again_afterwards(report: Path) -> None:
    with report_server(report, 0) as address:
        port = urlsplit(address).port
    assert port is not None
    with report_server(report, port) as again:
        assert ask(again, "/")[0] == 200
