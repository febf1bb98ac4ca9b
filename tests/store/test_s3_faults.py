"""A service that throttles, breaks and cuts connections: bounded tries, told by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks import DarkroomError
from tasks.store import StoreFull, StoreUnavailable, s3_requests
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.s3_server import S3Server
from tests.store.sample_artifacts import (
    damage_in,
    key_of,
    make_row,
    write_artifact,
    write_missing_artifacts,
)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_requests, "WAITS", (0.01, 0.02, 0.02, 0.02))


FAULTS = {
    "throttled": {"status": 503, "code": "SlowDown"},
    "too many requests": {"status": 429, "code": "TooManyRequests"},
    "internal error": {"status": 500, "code": "InternalError"},
    "gateway": {"status": 502, "code": "BadGateway"},
    # Answered to what sends a body; a refusal without one could not be told from any other.
    "timed out there": {"status": 400, "code": "RequestTimeout", "method": "PUT"},
    "reset": {"how": "reset"},
    "answer lost": {"how": "lost"},
}
USES: dict[str, Callable[[Store], Any]] = {
    "read": lambda store: store.rows(),
    "find": lambda store: store.find(key_of("model")),
    "put": lambda store: store.put_object(b"more", "bin"),
    "record": lambda store: store.record(make_row("other")),
    "compact": lambda store: store.compact(),
    "open": lambda store: Store.open(store.address),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_passing_fault_is_not_noticed(
    fault: dict[str, Any], s3_server: S3Server, s3_store: Store
) -> None:
    for method in {fault.get("method", method) for method in ("GET", "PUT", "HEAD", "DELETE")}:
        s3_server.fail(**{**fault, "method": method}, count=2)
    row = write_artifact(s3_store, "model")
    s3_store.compact()
    assert s3_store.rows() == {row.key: row}
    assert damage_in(s3_store) == []


def test_body_cut_short_is_read_again(s3_server: S3Server, s3_store: Store) -> None:
    row = write_artifact(s3_store, "model")
    s3_server.fail(how="truncate", method="GET", path="/objects/", count=2)
    assert damage_in(s3_store) == []
    assert s3_store.missing_object(row) is None


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_lasting_fault_is_told_by_name_after_a_bounded_number_of_tries(
    use: Callable[[Store], Any], s3_server: S3Server, s3_store: Store
) -> None:
    row = write_artifact(s3_store, "model")
    s3_server.fail(status=503, code="SlowDown")
    s3_server.counts()
    with pytest.raises(
        StoreUnavailable,
        match=rf"^{s3_store.address}/\S+: \w.* failed after 5 tries over \d+ s: (SlowDown \(503\), "
        r"Please reduce your request rate|status 503, Service Unavailable); nothing recorded was "
        r"lost, run again once it answers$",
    ):
        use(s3_store)
    # Each request is tried five times; some uses make several at once.
    assert sum(s3_server.counts().values()) in (5, 10, 15)
    s3_server.heal()
    assert s3_store.rows() == {row.key: row}
    assert damage_in(s3_store) == []


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (
            {"status": 500, "code": "InternalError", "message": "Oops"},
            r"InternalError \(500\), Oop",
        ),
        ({"how": "reset"}, r"EndpointConnectionError|ConnectionClosedError"),
        ({"how": "truncate", "path": "objects/"}, r"ClientPayloadError|IncompleteRead"),
    ],
)
def test_each_fault_has_its_name(
    fault: dict[str, Any], name: str, s3_server: S3Server, s3_store: Store
) -> None:
    row = write_artifact(s3_store, "model")
    s3_server.fail(**fault, method="GET")
    with pytest.raises(StoreUnavailable, match=name):
        s3_store.read_object(row.objects["loss.parquet"])


@pytest.mark.usefixtures("new_s3_client")
def test_service_that_is_gone_is_named_and_no_empty_store(
    s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match=r"after 5 tries .*127\.0\.0\.1:9"):
        Store.open(s3_address, create=False)


def test_every_third_request_failing_costs_time_and_nothing_else(
    s3_server: S3Server, s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"model-{number}" for number in range(6)]
    for every, fault in zip((5, 7, 11), ("throttled", "reset", "answer lost"), strict=True):
        s3_server.fail(**FAULTS[fault], every=every)
    recorded = list(write_missing_artifacts(s3_store, names, compact_every=3))
    s3_server.heal()
    assert recorded == names
    assert s3_store.rows().keys() == {key_of(name) for name in names}
    assert damage_in(s3_store) == []


def test_compaction_that_fails_half_way_loses_no_row(s3_server: S3Server, s3_store: Store) -> None:
    rows = [write_artifact(s3_store, name) for name in ("a", "b", "c")]
    s3_server.fail(status=503, method="DELETE", path="/parts/")
    with pytest.raises(StoreUnavailable):
        s3_store.compact()
    assert s3_store.rows() == {row.key: row for row in rows}
    s3_server.heal()
    s3_store.compact()
    assert s3_store.rows() == {row.key: row for row in rows}
    assert s3_store._filesystem.paths("manifest/parts") == []


def test_run_ends_though_the_service_is_gone(s3_server: S3Server, s3_store: Store) -> None:
    lease = s3_store.lease("run")
    s3_server.fail(status=503)
    lease.end()
    s3_server.heal()
    (left,) = Upkeep(s3_store).leases()
    assert not left.is_live


@pytest.mark.parametrize("code", ["QuotaExceeded", "XMinioStorageFull"])
def test_quota_is_a_full_store(code: str, s3_server: S3Server, s3_store: Store) -> None:
    write_artifact(s3_store, "model")
    s3_server.fail(status=507 if "Full" in code else 403, code=code, method="PUT")
    with pytest.raises(StoreFull, match=rf"no space or quota left \({code}\); free some"):
        s3_store.put_object(b"more", "bin")
    s3_server.heal()
    assert damage_in(s3_store) == []


def test_waits_grow_and_are_bounded(
    s3_server: S3Server, s3_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    waits = (0.5, 1.0, 2.0, 4.0)
    monkeypatch.setattr(s3_requests, "WAITS", waits)
    monkeypatch.setattr("time.sleep", slept.append)
    s3_server.fail(status=503)
    with pytest.raises(StoreUnavailable, match="failed after 5 tries over 0 s: SlowDown"):
        s3_store.rows()
    assert len(slept) == 4 and slept == sorted(slept)
    assert all(0.75 * w <= s <= 1.25 * w for s, w in zip(slept, waits, strict=True))


def test_fault_that_does_not_pass_is_not_tried_again(s3_server: S3Server, s3_store: Store) -> None:
    s3_server.fail(status=400, code="InvalidRequest", message="never")
    s3_server.counts()
    with pytest.raises(DarkroomError, match="InvalidRequest: never"):
        s3_store.rows()
    assert sum(s3_server.counts().values()) == 1
