"""Ports that are taken, and servers that are another's."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from flows.serve.addresses import LOOPBACK, require_free, url_of
from flows.serve.up import require_own
from tasks import BadInput
from tests.flows.conftest import SMALL, Workplace

API = "http://127.0.0.1:4200/api"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        yield other.getsockname()[1]


def test_taken_port_is_named_with_its_option(taken_port: int) -> None:
    with pytest.raises(BadInput, match=f"--port {taken_port}: another program listens on"):
        require_free(LOOPBACK, taken_port, "--port")


def test_host_of_another_machine_is_refused() -> None:
    with pytest.raises(BadInput, match=r"cannot listen on 192\.0\.2\.1"):
        require_free("192.0.2.1", 4200, "--port")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("lab.example", "http://lab.example:80"),
    ],
)
def test_address_is_one_that_this_machine_can_open(host: str, url: str) -> None:
    assert url_of(host, 80) == url


@pytest.mark.parametrize("configured", [None, "", f"{API}/"])
def test_settings_without_another_server_are_fine(configured: str | None) -> None:
    require_own(configured, API)


THIS_MACHINE = [
    "127.0.0.1",
    "127.0.0.53",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    socket.gethostname(),
]


@pytest.mark.parametrize("configured", THIS_MACHINE)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "localhost"])
def test_all_names_of_this_machine_are_one(configured: str, host: str) -> None:
    require_own(f"http://{configured}:4300/api", f"{url_of(host, 4300)}/api")


@pytest.mark.parametrize("configured", ["192.0.2.1", "[2001:db8::1]", "no-such-host.invalid"])
def test_other_machines_are_not(configured: str) -> None:
    with pytest.raises(BadInput, match="another server"):
        require_own(f"http://{configured}:4300/api", "http://127.0.0.1:4300/api")


@pytest.mark.parametrize(
    "configured", ["http://lab.example:4200/api", "http://127.0.0.1:4300/api", "https://x/api"]
)
def test_settings_of_another_server_point_to_deploy(configured: str) -> None:
    with pytest.raises(BadInput, match="darkroom deploy --pool"):
        require_own(configured, API)


@pytest.mark.parametrize("option", ["--port", "--report-port"])
def test_up_on_a_taken_port_is_one_message_and_exit_code_2(
    workplace: Workplace, taken_port: int, option: str
) -> None:
    done = workplace.run("up", "--file", str(SMALL), option, str(taken_port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"{option} {taken_port}: another program listens" in done.stderr


def test_up_beside_another_server_is_refused(workplace: Workplace) -> None:
    url = "http://lab.example:4200/api"
    done = workplace.run("up", "--file", str(SMALL), PREFECT_API_URL=url)
    assert done.returncode == 2
    assert f"PREFECT_API_URL is {url}" in done.stderr


def test_deploy_without_a_server_is_refused(workplace: Workplace) -> None:
    done = workplace.run("deploy", "--pool", "lab", "--file", str(SMALL))
    assert done.returncode == 2
    assert "PREFECT_API_URL is not set" in done.stderr
