"""What a store on S3 is given: its address, credentials, bucket and library."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks import BadInput
from tasks.store.store import Store
from tests.s3_server import BUCKET, CREDENTIALS, S3Server
from tests.store.sample_artifacts import damage_in, key_of, write_artifact
from tests.store.test_store_address import run_python

SECRET = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]


@pytest.mark.usefixtures("s3_server")
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("protocol", ["s3", "s3a"])
def test_address_ends_without_a_slash_and_begins_with_s3(protocol: str, end: str) -> None:
    assert Store(f"{protocol}://{BUCKET}/runs{end}").address == f"s3://{BUCKET}/runs"


@pytest.mark.usefixtures("s3_server", "own_temporary_folder")
def test_whole_bucket_is_a_store(s3_process: S3Server, tmp_path: Any) -> None:
    s3_process.make_bucket(tmp_path.name.replace("_", "-").lower())
    store = Store.open(f"s3://{tmp_path.name.replace('_', '-').lower()}")
    write_artifact(store, "model")
    assert store.compact() == 1
    assert damage_in(store) == []


def test_stores_of_one_bucket_do_not_see_each_other(s3_store: Store) -> None:
    write_artifact(s3_store, "model")
    neighbour = Store.open(f"{s3_store.address}-next-to-it")
    assert dict(neighbour.rows()) == {}
    assert not neighbour.is_there()


def test_object_address_is_whole(s3_store: Store) -> None:
    ref = s3_store.put_object(b"pixels", "png")
    expected = f"{s3_store.address}/objects/{ref.sha256[:2]}/{ref.sha256}.png"
    assert s3_store.object_address(ref) == expected


@pytest.mark.parametrize("address", ["s3://", "s3:///runs", "s3://bucket/a*", "s3://bucket/a?b=c"])
def test_address_without_a_bucket_or_with_a_pattern_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="write s3://BUCKET/PREFIX"):
        Store(address)


@pytest.mark.parametrize(
    "address", [f"s3://key:{SECRET}@bucket/runs", f"s3://bucket:{SECRET}/runs", f"s3://{SECRET}@b"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(BadInput, match="a store address holds no credentials") as caught:
        Store(address)
    assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("new_s3_client")
def test_missing_library_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(BadInput, match="needs botocore; install it with pip install botocore"):
        Store("s3://bucket/runs")


@pytest.mark.usefixtures("s3_server")
@pytest.mark.parametrize("create", [True, False])
def test_bucket_that_is_not_there_is_no_empty_store(create: bool) -> None:
    with pytest.raises(BadInput, match="there is no bucket no-such-bucket; make it, or correct"):
        Store.open("s3://no-such-bucket/runs", create=create)


@pytest.mark.usefixtures("new_s3_client")
def test_missing_credentials_are_asked_for(
    s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadInput, match=r"Unable to locate credentials; S3 takes its credentials"):
        Store.open(s3_address, create=False)


@pytest.fixture
def profile(
    s3_server: S3Server, tmp_path: Path, new_s3_client: None, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Credentials, region and endpoint as the AWS command line keeps them, under this name."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION", "ENDPOINT_URL"):
        monkeypatch.delenv(f"AWS_{name}")
    (tmp_path / "credentials").write_text(
        f"[lab]\naws_access_key_id = testing\naws_secret_access_key = {SECRET}\n"
    )
    (tmp_path / "config").write_text(
        f"[profile lab]\nregion = us-east-1\nendpoint_url = {s3_server.address}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return "lab"


@pytest.mark.usefixtures("own_temporary_folder")
def test_files_of_the_aws_command_line_are_read(
    profile: str, s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    store = Store.open(s3_address)
    row = write_artifact(store, "model")
    assert store.find(row.key) == row


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_PROFILE", "nobody", r"The config profile \(nobody\) could not be found"),
        ("AWS_ENDPOINT_URL", "nonsense", "Invalid endpoint: nonsense"),
    ],
)
@pytest.mark.usefixtures("new_s3_client")
def test_environment_that_names_no_service_is_told(
    name: str, value: str, said: str, s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=f"^{s3_address}: {said}; S3 takes its credentials"):
        Store.open(s3_address, create=False)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidAccessKeyId", r"access refused \(InvalidAccessKeyId\): no; check the credentials"),
        ("AccessDenied", r"access refused \(AccessDenied\)"),
        ("ExpiredToken", r"access refused \(ExpiredToken\)"),
        ("RequestTimeTooSkewed", r"the service refuses this machine's clock; set it"),
    ],
)
def test_refused_credentials_are_told_at_once_without_them(
    code: str, message: str, s3_server: S3Server, s3_address: str
) -> None:
    s3_server.fail(status=403, code=code, message="no")
    with pytest.raises(BadInput, match=message) as caught:
        Store.open(s3_address, create=False)
    assert sum(s3_server.counts().values()) == 1
    assert SECRET not in str(caught.value)


def test_store_that_may_only_be_read_is_read(s3_server: S3Server, s3_store: Store) -> None:
    row = write_artifact(s3_store, "model")
    for method in ("PUT", "DELETE", "POST"):
        s3_server.fail(status=403, code="AccessDenied", message="read only", method=method)
    reader = Store.open(s3_store.address, create=False)
    assert reader.rows() == {row.key: row}
    assert damage_in(reader) == []
    with pytest.raises(BadInput, match=r"access refused \(AccessDenied\): read only"):
        Store.open(s3_store.address)


def test_secret_is_neither_stored_nor_logged(
    s3_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lease = s3_store.lease("run")
    with s3_store.lock(key_of("model")):
        write_artifact(s3_store, "model")
    s3_store.compact()
    files = s3_store._filesystem
    folders = ("objects", "manifest", "live", "locks")
    stored = [files.read(path) for folder in folders for path in files.paths(folder)]
    lease.end()
    assert len(stored) > 3
    assert not [data for data in stored if SECRET.encode() in data]
    assert SECRET not in caplog.text


def test_importing_the_store_does_not_import_botocore() -> None:
    slow = ["fsspec", "botocore"]
    program = f"import sys, tasks.store.store; print([m for m in {slow} if m in sys.modules])"
    assert run_python(program) == "[]\n"
